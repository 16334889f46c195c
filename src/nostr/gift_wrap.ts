/**
 * Decides who may delete an event, gift wraps included.
 *
 * @see NIP-59
 * @module
 */

import type { NostrEvent } from "./event.ts";
import { isKey } from "./hex.ts";

/** The kind of a stored gift wrap. */
export const GIFT_WRAP = 1059;

/**
 * The keys that may delete an event: its author's and, for a gift wrap, its recipients', because
 * its author is a throwaway key.
 *
 * @see NIP-09, NIP-59 "Deletion"
 */
export function ownersOf(
  { kind, pubkey, tags }: Pick<NostrEvent, "kind" | "pubkey" | "tags">,
): readonly string[] {
  if (kind !== GIFT_WRAP) return [pubkey];
  const recipients = tags.flatMap(([name, value = ""]) =>
    name === "p" && isKey(value) ? [value] : []
  );
  return [pubkey, ...recipients];
}
