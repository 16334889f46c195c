/**
 * A sorted set of timestamps and ids, with sums of ids over ranges.
 *
 * @see https://github.com/hoytech/negentropy/blob/master/docs/negentropy-protocol-v1.md
 * @module
 */

import { assert } from "../../base/assert.ts";
import { writeHex } from "../hex.ts";
import { type Items, WORDS } from "./items.ts";

/** Bytes of an id. */
export const ID_BYTES = 32;

/**
 * One stored sum per so many items. The sum of a range comes from two stored sums and the items of
 * two partial blocks.
 */
const BLOCK = 32;

/** Sums are exact up to so many items: each adds less than 2^32 to a number of 53 bits. */
export const MAX_ITEMS = 2 ** 21;

/** The end of a range: the first item that is not below it is excluded. */
export interface Bound {
  /** Seconds since 1970; infinite for the last bound. */
  readonly timestamp: number;
  /** The first bytes of an id; the missing ones are zero. */
  readonly idPrefix: Uint8Array;
}

/** The bound after every item. */
export const INFINITY: Bound = { timestamp: Infinity, idPrefix: new Uint8Array() };

/** All is read. */
const NO_SLICES: readonly number[] = [];

/**
 * Collects items for an {@link ItemSet} in the order in which stores return them: newest first,
 * equal times by ascending id. Sorting them would take longer than all the rest.
 */
export class ItemSetBuilder {
  #timestamps = new Float64Array(1_024);
  #ids = new Uint8Array(1_024 * ID_BYTES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param id 64 lower-case hex digits */
  add(timestamp: number, id: string): void {
    const at = this.#size;
    assert(at < MAX_ITEMS, "the sums are exact");
    assert(at === 0 || timestamp <= this.#timestamps[at - 1]!, "the newest comes first");
    if (at === this.#timestamps.length) this.#grow();
    this.#timestamps[at] = timestamp;
    writeHex(id, this.#ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES));
    this.#size++;
  }

  build(): ItemSet {
    const size = this.#size;
    return ItemSet.ofNewestFirst(this.#timestamps.subarray(0, size), this.#ids);
  }

  #grow(): void {
    const timestamps = new Float64Array(2 * this.#size);
    timestamps.set(this.#timestamps);
    this.#timestamps = timestamps;
    const ids = new Uint8Array(2 * this.#size * ID_BYTES);
    ids.set(this.#ids);
    this.#ids = ids;
  }
}

/**
 * Items in ascending order of time, then of id. An item takes 40 bytes, and two for the sums.
 */
export class ItemSet implements Items {
  readonly #timestamps: Float64Array;
  readonly #ids: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array;
  /** The sums of all items before each block, by 32-bit word and without carries. */
  readonly #sums: Float64Array;

  /** Both sorted, without duplicates. */
  constructor(timestamps: Float64Array, ids: Uint8Array<ArrayBuffer>) {
    this.#timestamps = timestamps;
    this.#ids = ids;
    this.#words = new Uint32Array(ids.buffer, ids.byteOffset, timestamps.length * WORDS);
    this.#sums = new Float64Array((Math.floor(timestamps.length / BLOCK) + 1) * WORDS);
    const running = new Float64Array(WORDS);
    for (let at = 0; at < timestamps.length; at++) {
      if (at % BLOCK === 0) this.#sums.set(running, at / BLOCK * WORDS);
      for (let word = 0; word < WORDS; word++) running[word]! += this.#words[at * WORDS + word]!;
    }
    if (timestamps.length % BLOCK === 0) {
      this.#sums.set(running, timestamps.length / BLOCK * WORDS);
    }
  }

  /** Copies items that are in the order of {@link ItemSetBuilder}. */
  static ofNewestFirst(newestFirst: Float64Array, newestIds: Uint8Array): ItemSet {
    const size = newestFirst.length;
    const timestamps = new Float64Array(size);
    const ids = new Uint8Array(size * ID_BYTES);
    let place = 0;
    for (let end = size, start; end > 0; end = start) {
      const timestamp = newestFirst[end - 1]!;
      // The ids of one second are in ascending order already.
      for (start = end - 1; start > 0 && newestFirst[start - 1] === timestamp;) start--;
      timestamps.fill(timestamp, place, place + end - start);
      ids.set(newestIds.subarray(start * ID_BYTES, end * ID_BYTES), place * ID_BYTES);
      place += end - start;
    }
    return new ItemSet(timestamps, ids);
  }

  /** What the constructor takes; not to be modified. */
  get columns(): readonly [timestamps: Float64Array, ids: Uint8Array<ArrayBuffer>] {
    return [this.#timestamps, this.#ids];
  }

  get size(): number {
    return this.#timestamps.length;
  }

  timestamp(at: number): number {
    return this.#timestamps[at]!;
  }

  /** A view of an id; not to be modified. */
  id(at: number): Uint8Array {
    return this.#ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES);
  }

  /** The index of the first item at or after `from` that is not below the bound. */
  findBound({ timestamp, idPrefix }: Bound, from: number): number {
    let low = from;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBelow(middle, timestamp, idPrefix)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  addBefore(at: number, sign: 1 | -1, words: Float64Array): void {
    const block = Math.floor(at / BLOCK);
    for (let word = 0; word < WORDS; word++) {
      words[word]! += sign * this.#sums[block * WORDS + word]!;
    }
    for (let place = block * BLOCK * WORDS; place < at * WORDS; place += WORDS) {
      for (let word = 0; word < WORDS; word++) words[word]! += sign * this.#words[place + word]!;
    }
  }

  slicesAt(): readonly number[] {
    return NO_SLICES;
  }

  slicesIn(): readonly number[] {
    return NO_SLICES;
  }

  isRead(): boolean {
    return true;
  }

  cutNear(at: number): number {
    return at;
  }

  boundAt(): undefined {
    return undefined;
  }

  #isBelow(at: number, timestamp: number, idPrefix: Uint8Array): boolean {
    const own = this.#timestamps[at]!;
    if (own !== timestamp) return own < timestamp;
    for (let i = 0; i < idPrefix.length; i++) {
      const difference = this.#ids[at * ID_BYTES + i]! - idPrefix[i]!;
      if (difference !== 0) return difference < 0;
    }
    // The missing bytes of the prefix are zero, and no id is below that.
    return false;
  }
}
