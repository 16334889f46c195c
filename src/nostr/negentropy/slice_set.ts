/**
 * A set of items that is known by slices of time: how many items each has and the sum of their ids. The
 * items themselves are read where they are needed.
 *
 * @see https://github.com/hoytech/negentropy/blob/master/docs/negentropy-protocol-v1.md
 * @module
 */

import { assert } from "../../base/assert.ts";
import { type Bound, INFINITY, type ItemSet } from "./item_set.ts";
import { type Items, sumOf, WORDS } from "./items.ts";

const BASE = 2 ** 32;

/** A word of so many ids is below 2^52, so that a carry and what is before can be added. */
const MAX_EXACT = 2 ** 20;

/** Numbers of a slice: when it begins, how many items it has, and the words of their sum. */
const NUMBERS = 2 + WORDS;

/**
 * What is known of slices, the oldest first. A slice has the items from a time on, up to the next one.
 *
 * All is one array, as the database sends it: there are thousands of slices, and to make anything of each took
 * longer than all the rest of a session in sync.
 */
export class SliceSums {
  readonly #numbers: Float64Array;

  /**
   * Takes over the numbers of all slices: of each when it begins, seconds since 1970; how many items it has; and
   * the sums of the ids' eight little-endian words of 32 bits, the lowest first, without carries. All are below
   * 2^53.
   */
  constructor(numbers: Float64Array) {
    this.#numbers = numbers;
  }

  /** All numbers, as the constructor takes them; not a copy. */
  get numbers(): Float64Array {
    return this.#numbers;
  }

  get length(): number {
    return this.#numbers.length / NUMBERS;
  }

  /** When a slice begins, seconds since 1970. */
  from(slice: number): number {
    return this.#numbers[slice * NUMBERS]!;
  }

  count(slice: number): number {
    return this.#numbers[slice * NUMBERS + 1]!;
  }

  /** Whether the sums of all are exact numbers when they are added up: of slices that are not too long. */
  get areExact(): boolean {
    for (let slice = 0; slice < this.length; slice++) {
      if (this.count(slice) > MAX_EXACT) return false;
    }
    return true;
  }

  /** The last slice that begins at or before a time; -1 if none does. */
  sliceAt(timestamp: number): number {
    return lastOf(this.length, (slice) => this.from(slice) <= timestamp);
  }

  /** Those with times from `since` to `until`, inclusive: a copy. */
  within(since: number, until: number): SliceSums {
    const first = Math.max(0, this.sliceAt(since));
    const end = this.sliceAt(until) + 1;
    return new SliceSums(this.#numbers.slice(first * NUMBERS, end * NUMBERS));
  }

  /** Adds to slices what came and went in them: numbers as those of slices, each beginning when one of these does. */
  add(changes: Float64Array): void {
    for (let change = 0; change < changes.length; change += NUMBERS) {
      const at = this.sliceAt(changes[change]!) * NUMBERS;
      for (let place = 1; place < NUMBERS; place++) {
        this.#numbers[at + place]! += changes[change + place]!;
      }
    }
  }

  /**
   * Adds up from a slice on: how many items are before each and the sum of their ids, modulo 2^256; then of all.
   * What is before the first is there already.
   */
  addUp(from: number, starts: Float64Array, sums: Uint32Array): void {
    const numbers = this.#numbers;
    let word = from * WORDS;
    for (let at = from * NUMBERS; at < numbers.length; at += NUMBERS) {
      const slice = at / NUMBERS;
      starts[slice + 1] = starts[slice]! + numbers[at + 1]!;
      let carry = 0;
      for (let place = at + 2; place < at + NUMBERS; place++, word++) {
        const total = sums[word]! + numbers[place]! + carry;
        // Of a number this takes the lowest 32 bits.
        sums[word + WORDS] = total;
        carry = (total - sums[word + WORDS]!) / BASE;
      }
    }
  }

  /** Sets the number of a slice's items and their sum. */
  set(slice: number, count: number, sum: Uint32Array): void {
    this.#numbers[slice * NUMBERS + 1] = count;
    this.#numbers.set(sum, slice * NUMBERS + 2);
  }
}

/**
 * Items by slices. Indices depend on what was read: where a slice has other items by then than were summed
 * up, those of all later slices move. What is before a slice does not.
 */
export class SliceSet implements Items {
  readonly #slices: SliceSums;
  /** The index of the first item of each slice; then the size. */
  readonly #starts: Float64Array;
  /** The sums of all that is before each slice, modulo 2^256; then that of all. */
  readonly #sumsBefore: Uint32Array;
  /** The slices that are read, the one that was read longest ago first. */
  readonly #read = new Map<number, ItemSet>();
  #heldItems = 0;

  /**
   * Takes them over.
   *
   * @param slices at least one; times before the first have no items
   */
  constructor(slices: SliceSums) {
    const { length } = slices;
    assert(length > 0, "there is a slice");
    this.#slices = slices;
    this.#starts = new Float64Array(length + 1);
    this.#sumsBefore = new Uint32Array((length + 1) * WORDS);
    slices.addUp(0, this.#starts, this.#sumsBefore);
  }

  get size(): number {
    return this.#starts.at(-1)!;
  }

  get sliceCount(): number {
    return this.#slices.length;
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
    return this.#slices.count(slice);
  }

  /** When a slice begins, and the next one, seconds since 1970. */
  timesOf(slice: number): { readonly fromS: number; readonly toS: number } {
    const next = slice + 1;
    const toS = next < this.sliceCount ? this.#slices.from(next) : Infinity;
    return { fromS: this.#slices.from(slice), toS };
  }

  /** The last slice that begins at or before a time; -1 if none does. */
  sliceAt(timestamp: number): number {
    return this.#slices.sliceAt(timestamp);
  }

  isRead(slice: number): boolean {
    return this.countOf(slice) === 0 || this.#read.has(slice);
  }

  /** The items of a slice. They may be others than were summed up. */
  read(slice: number, items: ItemSet): void {
    this.forget(slice);
    this.#read.set(slice, items);
    this.#heldItems += items.size;
    const sum = sumOf(items, [0, items.size]);
    const known = sumOf(this, [this.#starts[slice]!, this.#starts[slice + 1]!]);
    const isSame = this.countOf(slice) === items.size &&
      sum.every((word, at) => word === known[at]);
    if (isSame) return;
    this.#slices.set(slice, items.size, sum);
    this.#slices.addUp(slice, this.#starts, this.#sumsBefore);
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
    if (this.countOf(slice) === 0 || this.#isAtStart(bound, slice)) return Math.max(from, start);
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
      if (this.countOf(slice) > 0) slices.push(slice);
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
    return { timestamp: this.#slices.from(slice), idPrefix: INFINITY.idPrefix };
  }

  addBefore(at: number, sign: 1 | -1, words: Float64Array): void {
    const slice = at === this.size ? this.sliceCount : this.#sliceOf(at);
    for (let word = 0; word < WORDS; word++) {
      words[word]! += sign * this.#sumsBefore[slice * WORDS + word]!;
    }
    const start = this.#starts[slice]!;
    if (start !== at) this.#itemsOf(slice).addBefore(at - start, sign, words);
  }

  #itemsOf(slice: number): ItemSet {
    const items = this.#read.get(slice);
    assert(items !== undefined, "the slice is read");
    return items;
  }

  #isAtStart({ timestamp, idPrefix }: Bound, slice: number): boolean {
    return timestamp === this.#slices.from(slice) && idPrefix.every((byte) => byte === 0);
  }

  /** The slice with an index; of several that begin there, the last one. */
  #sliceOf(at: number): number {
    return lastOf(this.sliceCount, (slice) => this.#starts[slice]! <= at);
  }
}

/** The last of `length` places that is one of the first ones, for which something holds; -1 if there are none. */
function lastOf(length: number, isFirst: (place: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isFirst(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
