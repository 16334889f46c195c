/**
 * By which of its tags an event is found.
 *
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";
import type { Sha256 } from "../nostr/event_id.ts";
import { tagValueHex } from "./tag_value.ts";

/**
 * Name and value, as `tagValueHex` writes it, of each single-letter tag with a value; each pair once.
 *
 * @see NIP-01 "only the first value in any given tag is indexed"
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { indexedTags } from "./indexed_tags.ts";
 *
 * const tags = [["t", "x"], ["t", "x", "again"], ["title", "y"], ["e"]];
 * deepEqual([...indexedTags({ tags }, sha256)], [["t", "78"]]);
 * ```
 */
export function indexedTags(
  { tags }: Pick<NostrEvent, "tags">,
  sha256: Sha256,
): Iterable<readonly [string, string]> {
  const pairs = new Map<string, readonly [string, string]>();
  for (const [name, value] of tags) {
    if (value === undefined || !isLetter(name!)) continue;
    const hex = tagValueHex(value, sha256);
    if (hex !== undefined) pairs.set(name + hex, [name!, hex]);
  }
  return pairs.values();
}

function isLetter(name: string): boolean {
  return name.length === 1 && ((name >= "a" && name <= "z") || (name >= "A" && name <= "Z"));
}
