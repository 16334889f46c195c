/**
 * Computes the proof of work of an id.
 *
 * @see NIP-13
 * @module
 */

import type { NostrEvent } from "./event.ts";

/**
 * The difficulty of an id: its number of leading zero bits.
 *
 * @param id 64 lower-case hex digits
 */
export function difficultyOf(id: string): number {
  const zeros = /^0*/.exec(id)![0].length;
  if (zeros === id.length) return 4 * zeros;
  // The leading zero bits of the first digit that is not 0.
  return 4 * zeros + Math.clz32(parseInt(id[zeros]!, 16)) - 28;
}

/**
 * The target difficulty that the author committed to: the third element of the `nonce` tag.
 * Undefined when there is none.
 */
export function committedDifficulty({ tags }: Pick<NostrEvent, "tags">): number | undefined {
  const target = tags.find(([name]) => name === "nonce")?.[2];
  return target !== undefined && /^\d{1,3}$/.test(target) ? Number(target) : undefined;
}
