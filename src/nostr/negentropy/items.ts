/**
 * What reconciliation asks of a set of items. A set may know parts of itself by their sums alone.
 *
 * @module
 */

import type { Bound } from "./item_set.ts";

/**
 * Items in ascending order of time, then of id, numbered from 0. Those of a _slice_ may be unread: then
 * only their number and their sum are known. What is asked for must have been read where a method says so.
 */
export interface Items {
  readonly size: number;
  /** An item that is read: its time. */
  timestamp(at: number): number;
  /** An item that is read: a view of its id. */
  id(at: number): Uint8Array;
  /** The index of the first item at or after `from` that is not below the bound. {@link slicesAt} are read. */
  findBound(bound: Bound, from: number): number;
  /**
   * Adds the sum of the ids before an index, which is read, to eight words, or subtracts it: see {@link sumOf}, but
   * without carries.
   */
  addBefore(at: number, sign: 1 | -1, words: Float64Array): void;
  /** The slices in which a bound and the index `from` lie, but at their beginning. */
  slicesAt(bound: Bound, from: number): readonly number[];
  /** The slices that have items of a range. */
  slicesIn(lower: number, upper: number): readonly number[];
  isRead(slice: number): boolean;
  /** An index near `at` and inside of the range, exclusively, at which the range can be cut without reading. */
  cutNear(at: number, lower: number, upper: number): number;
  /** The bound at an index where a slice begins and an item next to it is unread; undefined elsewhere. */
  boundAt(at: number): Bound | undefined;
}

/** 32-bit words of an id. */
export const WORDS = 8;

const BASE = 2 ** 32;

/** Words that are being added up. */
const total = new Float64Array(WORDS);

/**
 * The sum of the ids of a range, the ends of which are read, as little-endian numbers modulo 2^256: its words, the
 * lowest first.
 */
export function sumOf(
  items: Pick<Items, "addBefore">,
  [lower, upper]: readonly [number, number],
  sum = new Uint32Array(WORDS),
): Uint32Array {
  total.fill(0);
  items.addBefore(upper, 1, total);
  items.addBefore(lower, -1, total);
  let carry = 0;
  for (let word = 0; word < WORDS; word++) {
    const number = total[word]! + carry;
    // Of a number this takes the lowest 32 bits, of one below zero, too.
    sum[word] = number;
    carry = (number - sum[word]!) / BASE;
  }
  return sum;
}
