/**
 * Reads the expiration of an event.
 *
 * @see NIP-40
 * @module
 */

import type { NostrEvent } from "./event.ts";

/**
 * When the event expires, seconds since 1970; undefined when it does not. The first `expiration`
 * tag counts; a value that is not an integer is ignored.
 *
 * @see NIP-40
 */
export function expirationOf({ tags }: Pick<NostrEvent, "tags">): number | undefined {
  for (const tag of tags) {
    if (tag[0] === "expiration") return seconds(tag[1] ?? "");
  }
  return undefined;
}

/**
 * Whether the event has expired. It has at the second that the tag names.
 *
 * @param nowS seconds since 1970
 *
 * @see NIP-40
 */
export function hasExpired(event: Pick<NostrEvent, "tags">, nowS: number): boolean {
  const expiresAtS = expirationOf(event);
  return expiresAtS !== undefined && expiresAtS <= nowS;
}

/** Sixteen digits hold every safe integer. */
function seconds(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
