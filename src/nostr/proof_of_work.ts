/**
 * Proof of work: how many zero bits an id begins with.
 *
 * @see NIP-13
 * @module
 */

import type { NostrEvent } from "./event.ts";

/**
 * The difficulty of an id: its leading zero bits.
 *
 * @param id 64 lower-case hex digits
 */
export function difficultyOf(id: string): number {
  const zeros = /^0*/.exec(id)![0].length;
  if (zeros === id.length) return 4 * zeros;
  // Of the four bits of a digit, those above its highest one are zero.
  return 4 * zeros + Math.clz32(parseInt(id[zeros]!, 16)) - 28;
}

/**
 * The difficulty that the author set out for: the third item of the `nonce` tag. Undefined where there is
 * none.
 */
export function committedDifficulty({ tags }: Pick<NostrEvent, "tags">): number | undefined {
  const target = tags.find(([name]) => name === "nonce")?.[2];
  return target !== undefined && /^\d{1,3}$/.test(target) ? Number(target) : undefined;
}
