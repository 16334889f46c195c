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
  /** The sum of the ids of a range, as little-endian numbers modulo 2^256, little-endian. Its ends are read. */
  sumOf(lower: number, upper: number): Uint8Array;
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
