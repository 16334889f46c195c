/**
 * A set of items that is known by slices of time: how many items each has and the sum of their ids. The
 * items themselves are read where they are needed.
 *
 * @see https://github.com/hoytech/negentropy/blob/master/docs/negentropy-protocol-v1.md
 * @module
 */

import { assert } from "../../base/assert.ts";
import { type Bound, ID_BYTES, INFINITY, type ItemSet } from "./item_set.ts";
import type { Items } from "./items.ts";

/** 32-bit words of a sum. */
const WORDS = 8;

const BASE = 2 ** 32;

/** The items from a time on, up to the next slice. */
export interface Slice {
  /** Seconds since 1970. */
  readonly fromS: number;
  readonly count: number;
  /** The sums of the ids' little-endian words of 32 bits, the lowest first, without carries; below 2^53. */
  readonly words: ArrayLike<number>;
}

/**
 * What is known of slices, the oldest first. In a few arrays, because there are thousands: as objects they took
 * longer to make than all the rest of a session in sync.
 */
export class SliceSums {
  /** When each begins, seconds since 1970. */
  readonly froms: Float64Array;
  readonly counts: Float64Array;
  /** The sum of the ids of each, modulo 2^256: eight words of 32 bits, the lowest first. */
  readonly sums: Uint32Array;

  /** So many, to be {@link set}. */
  constructor(length: number) {
    this.froms = new Float64Array(length);
    this.counts = new Float64Array(length);
    this.sums = new Uint32Array(length * WORDS);
  }

  static of(slices: readonly Slice[]): SliceSums {
    const sums = new SliceSums(slices.length);
    slices.forEach((slice, at) => sums.set(at, slice));
    return sums;
  }

  get length(): number {
    return this.froms.length;
  }

  /** Those with times from `since` to `until`, inclusive: a copy. */
  within(since: number, until: number): SliceSums {
    const first = Math.max(0, lastUpTo(this.froms, this.length, since));
    const end = lastUpTo(this.froms, this.length, until) + 1;
    const within = new SliceSums(Math.max(0, end - first));
    within.froms.set(this.froms.subarray(first, end));
    within.counts.set(this.counts.subarray(first, end));
    within.sums.set(this.sums.subarray(first * WORDS, end * WORDS));
    return within;
  }

  set(at: number, { fromS, count, words }: Slice): void {
    this.froms[at] = fromS;
    this.counts[at] = count;
    let carry = 0;
    for (let word = 0; word < WORDS; word++) {
      const total = words[word]! + carry;
      carry = Math.floor(total / BASE);
      this.sums[at * WORDS + word] = total - carry * BASE;
    }
  }
}

/**
 * Items by slices. Indices depend on what was read: where a slice has other items by then than were summed
 * up, those of all later slices move. What is before a slice does not.
 */
export class SliceSet implements Items {
  readonly #froms: Float64Array;
  readonly #counts: Float64Array;
  /** The sum of each slice, modulo 2^256. */
  readonly #sums: Uint32Array;
  /** The index of the first item of each slice; then the size. */
  readonly #starts: Float64Array;
  /** The sums of all that is before each slice, modulo 2^256; then that of all. */
  readonly #sumsBefore: Uint32Array;
  /** The slices that are read, the one that was read longest ago first. */
  readonly #read = new Map<number, ItemSet>();
  #heldItems = 0;

  /** Takes them over. @param slices at least one; times before the first have no items */
  constructor({ length, froms, counts, sums }: SliceSums) {
    assert(length > 0, "there is a slice");
    this.#froms = froms;
    this.#counts = counts;
    this.#sums = sums;
    this.#starts = new Float64Array(length + 1);
    this.#sumsBefore = new Uint32Array((length + 1) * WORDS);
    this.#addUp(0);
  }

  get size(): number {
    return this.#starts.at(-1)!;
  }

  get sliceCount(): number {
    return this.#froms.length;
  }

  /** Items of slices that are read: 42 bytes each. */
  get heldItems(): number {
    return this.#heldItems;
  }

  /** The slices that are read, the one that was read longest ago first. */
  get readSlices(): Iterable<number> {
    return this.#read.keys();
  }

  /** How many items a slice has, as far as is known. */
  countOf(slice: number): number {
    return this.#counts[slice]!;
  }

  /** When a slice begins, and the next one, seconds since 1970. */
  timesOf(slice: number): { readonly fromS: number; readonly toS: number } {
    return { fromS: this.#froms[slice]!, toS: this.#froms[slice + 1] ?? Infinity };
  }

  /** The last slice that begins at or before a time; -1 if none does. */
  sliceAt(timestamp: number): number {
    return lastUpTo(this.#froms, this.sliceCount, timestamp);
  }

  isRead(slice: number): boolean {
    return this.#counts[slice] === 0 || this.#read.has(slice);
  }

  /** The items of a slice. They may be others than were summed up. */
  read(slice: number, items: ItemSet): void {
    this.forget(slice);
    this.#read.set(slice, items);
    this.#heldItems += items.size;
    const sum = wordsOf(items.sumOf(0, items.size));
    const isSame = this.#counts[slice] === items.size &&
      sum.every((word, at) => word === this.#sums[slice * WORDS + at]);
    if (isSame) return;
    this.#counts[slice] = items.size;
    this.#sums.set(sum, slice * WORDS);
    this.#addUp(slice);
  }

  /** Makes a slice unread: its number of items and their sum stay. */
  forget(slice: number): void {
    this.#heldItems -= this.#read.get(slice)?.size ?? 0;
    this.#read.delete(slice);
  }

  timestamp(at: number): number {
    const slice = this.#sliceOf(at);
    return this.#itemsOf(slice).timestamp(at - this.#starts[slice]!);
  }

  id(at: number): Uint8Array {
    const slice = this.#sliceOf(at);
    return this.#itemsOf(slice).id(at - this.#starts[slice]!);
  }

  findBound(bound: Bound, from: number): number {
    if (bound.timestamp === Infinity) return this.size;
    const slice = this.sliceAt(bound.timestamp);
    if (slice < 0) return from;
    const start = this.#starts[slice]!;
    if (this.#counts[slice] === 0 || this.#isAtStart(bound, slice)) return Math.max(from, start);
    return Math.max(from, start + this.#itemsOf(slice).findBound(bound, 0));
  }

  slicesAt(bound: Bound, from: number): readonly number[] {
    const slices = new Set<number>();
    const first = this.#sliceOf(from);
    if (this.#starts[first]! < from && from < this.size) slices.add(first);
    const last = bound.timestamp === Infinity ? -1 : this.sliceAt(bound.timestamp);
    if (last >= 0 && !this.#isAtStart(bound, last)) slices.add(last);
    return [...slices];
  }

  slicesIn(lower: number, upper: number): readonly number[] {
    const slices: number[] = [];
    for (let slice = this.#sliceOf(lower); slice < this.sliceCount; slice++) {
      if (this.#starts[slice]! >= upper) break;
      if (this.#counts[slice]! > 0) slices.push(slice);
    }
    return slices;
  }

  cutNear(at: number, lower: number, upper: number): number {
    const slice = this.#sliceOf(at);
    const start = this.#starts[slice]!;
    if (start === at || this.isRead(slice)) return at;
    const end = this.#starts[slice + 1]!;
    const isStart = end >= upper || (start > lower && at - start <= end - at);
    assert(isStart ? start > lower : end < upper, "the range ends outside of the slice");
    return isStart ? start : end;
  }

  boundAt(at: number): Bound | undefined {
    const slice = this.#sliceOf(at);
    if (this.#starts[slice] !== at) return undefined;
    return { timestamp: this.#froms[slice]!, idPrefix: INFINITY.idPrefix };
  }

  sumOf(lower: number, upper: number): Uint8Array {
    const before = this.#wordsBefore(lower);
    const words = this.#wordsBefore(upper);
    const sum = new Uint8Array(ID_BYTES);
    const view = new DataView(sum.buffer);
    let borrow = 0;
    for (let word = 0; word < WORDS; word++) {
      const difference = words[word]! - before[word]! - borrow;
      borrow = difference < 0 ? 1 : 0;
      view.setUint32(4 * word, difference + borrow * BASE, true);
    }
    return sum;
  }

  /** The sum of all that is before an index, modulo 2^256. */
  #wordsBefore(at: number): Uint32Array {
    const slice = at === this.size ? this.sliceCount : this.#sliceOf(at);
    const before = this.#sumsBefore.slice(slice * WORDS, (slice + 1) * WORDS);
    const start = this.#starts[slice]!;
    if (start === at) return before;
    add(before, wordsOf(this.#itemsOf(slice).sumOf(0, at - start)));
    return before;
  }

  #itemsOf(slice: number): ItemSet {
    const items = this.#read.get(slice);
    assert(items !== undefined, "the slice is read");
    return items;
  }

  /** Starts and sums before, from a slice on. */
  #addUp(from: number): void {
    for (let slice = from; slice < this.sliceCount; slice++) {
      this.#starts[slice + 1] = this.#starts[slice]! + this.#counts[slice]!;
      let carry = 0;
      for (let word = slice * WORDS; word < (slice + 1) * WORDS; word++) {
        const total = this.#sumsBefore[word]! + this.#sums[word]! + carry;
        carry = total >= BASE ? 1 : 0;
        this.#sumsBefore[word + WORDS] = total - carry * BASE;
      }
    }
  }

  #isAtStart({ timestamp, idPrefix }: Bound, slice: number): boolean {
    return timestamp === this.#froms[slice] && idPrefix.every((byte) => byte === 0);
  }

  /** The slice with an index; of several that begin there, the last one. */
  #sliceOf(at: number): number {
    return lastUpTo(this.#starts, this.sliceCount, at);
  }
}

/** The place of the last of `length` ascending numbers that is not above a value; -1 if all are. */
function lastUpTo(numbers: Float64Array, length: number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Adds modulo 2^256. */
function add(sum: Uint32Array, other: Uint32Array): void {
  let carry = 0;
  for (let word = 0; word < WORDS; word++) {
    const total = sum[word]! + other[word]! + carry;
    sum[word] = total % BASE;
    carry = total >= BASE ? 1 : 0;
  }
}

function wordsOf(sum: Uint8Array): Uint32Array {
  const view = new DataView(sum.buffer, sum.byteOffset);
  return Uint32Array.from({ length: WORDS }, (_, word) => view.getUint32(4 * word, true));
}
