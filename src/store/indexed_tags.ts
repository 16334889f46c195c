/**
 * The tags of an event by which it is found.
 *
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import type { HashText } from "../nostr/event_id.ts";
import { type Fingerprint, tagFingerprint } from "./fingerprint.ts";

/**
 * The fingerprint of each single-letter tag with a value, each once.
 *
 * @see NIP-01 "Tags"
 */
export function indexedTags(
  { tags }: Pick<NostrEvent, "tags">,
  hashText: HashText,
): ReadonlySet<Fingerprint> {
  const fingerprints = new Set<Fingerprint>();
  for (const [name, value] of tags) {
    if (value === undefined || !isLetter(name!)) continue;
    const fingerprint = tagFingerprint(name!, value, hashText);
    if (fingerprint !== undefined) fingerprints.add(fingerprint);
  }
  return fingerprints;
}

function isLetter(name: string): boolean {
  return name.length === 1 && ((name >= "a" && name <= "z") || (name >= "A" && name <= "Z"));
}
