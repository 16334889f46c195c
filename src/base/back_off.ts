/**
 * Pauses between attempts that fail.
 *
 * @module
 */

import type { Random } from "./random.ts";

/** How pauses grow. */
interface BackOff {
  /** The first pause, milliseconds; each failure doubles it. */
  readonly firstMs: number;
  /** The longest pause, milliseconds. */
  readonly maxMs: number;
}

/**
 * The pause after so many earlier failures, milliseconds: from half of the whole to all of it, by
 * chance, so that those who failed together do not try again together.
 */
export function backOffMs(failures: number, { firstMs, maxMs }: BackOff, random: Random): number {
  const wholeMs = Math.min(maxMs, firstMs * 2 ** failures);
  const [share = 0] = random.bytes(1);
  return wholeMs * (0.5 + share / 510);
}
