/**
 * Many sorted lists of numbers, most of them short, in few arrays.
 *
 * @module
 */

import { grown, NONE, roomFor } from "./typed_arrays.ts";

/** How many numbers a block of each class holds: every number up to 8, then steps of at most a quarter. */
const CAPACITIES: readonly number[] = capacities(2 ** 24);

function capacities(most: number): readonly number[] {
  const sizes = [1, 2, 3, 4, 5, 6, 7, 8];
  for (let unit = 2; sizes.at(-1)! < most; unit *= 2) {
    sizes.push(5 * unit, 6 * unit, 7 * unit, 8 * unit);
  }
  return sizes;
}

/** The smallest class whose blocks hold so many numbers. */
function classFor(count: number): number {
  if (count <= 8) return Math.max(0, count - 1);
  const octave = 28 - Math.clz32(count - 1);
  return 4 + 4 * octave + Math.floor((count - 1) / 2 ** (octave + 1));
}

/** Memory of a 32-bit number in a block, with the room that the array has to grow, bytes. */
const WORD_COST = 5;

/**
 * Blocks of 32-bit numbers, cut from one array. A block that is given back is cut out again for the next
 * one of its class.
 */
export class Blocks {
  /** What the blocks are cut from. Another array after {@link take}. */
  words = new Uint32Array(roomFor(0));
  #used = 0;
  #free = 0;
  /** By class, the start of the last block that was given back, which holds the start of the one before. */
  readonly #freed: number[] = CAPACITIES.map(() => NONE);

  /** The memory that the blocks take, bytes. */
  get bytes(): number {
    return WORD_COST * this.#used;
  }

  /** How much of {@link bytes} is free to be used again. */
  get freeBytes(): number {
    return WORD_COST * this.#free;
  }

  /** Cuts a block for so many numbers and returns its start. */
  take(count: number): number {
    const size = classFor(count);
    const start = this.#freed[size]!;
    if (start !== NONE) {
      this.#freed[size] = this.words[start]! - 1;
      this.#free -= CAPACITIES[size]!;
      return start;
    }
    const end = this.#used + CAPACITIES[size]!;
    if (end > this.words.length) this.words = grown(Uint32Array, this.words, roomFor(end));
    this.#used = end;
    return end - CAPACITIES[size]!;
  }

  /** Gives a block back that was cut for so many numbers. */
  give(start: number, count: number): void {
    const size = classFor(count);
    this.words[start] = this.#freed[size]! + 1;
    this.#freed[size] = start;
    this.#free += CAPACITIES[size]!;
  }
}

/** A list that has become longer has an array of its own, until it is half as long again. */
const LONG = 1_024;

/** A list with an array of its own. What is removed at the front leaves a gap there. */
interface LongList {
  readonly entries: Uint32Array;
  from: number;
}

/**
 * Lists under numbers of the caller's choice, each sorted. Numbers are mostly added at the end and removed
 * at the front.
 */
export class SortedLists {
  readonly #blocks: Blocks;
  readonly #order: (a: number, b: number) => number;
  #starts = new Uint32Array(roomFor(0));
  #lengths = new Uint32Array(roomFor(0));
  readonly #long = new Map<number, LongList>();
  #longBytes = 0;

  /** `order` is less than zero when `a` comes before `b`. */
  constructor(blocks: Blocks, order: (a: number, b: number) => number) {
    this.#blocks = blocks;
    this.#order = order;
  }

  /** The memory of the long lists, bytes. */
  get bytes(): number {
    return this.#longBytes;
  }

  /** How many numbers a list has. */
  lengthOf(list: number): number {
    return list < this.#lengths.length ? this.#lengths[list]! : 0;
  }

  /** The array that a list is in, from {@link startOf} on; valid until something is added or deleted. */
  arrayOf(list: number): Uint32Array {
    return this.#longOf(list)?.entries ?? this.#blocks.words;
  }

  /** Where in {@link arrayOf} a list starts. */
  startOf(list: number): number {
    return this.#longOf(list)?.from ?? this.#starts[list]!;
  }

  /** Adds a number that is not in the list. */
  add(list: number, number: number): void {
    if (list >= this.#lengths.length) this.#grow(list + 1);
    const length = this.#lengths[list]!;
    const place = this.#placeOf(list, number);
    const long = this.#longOf(list);
    if (long !== undefined || length === LONG) this.#makeRoom(list, long);
    else this.#resize(list, length, length + 1);
    const [array, start] = [this.arrayOf(list), this.startOf(list)];
    if (place < length) array.copyWithin(start + place + 1, start + place, start + length);
    array[start + place] = number;
    this.#lengths[list] = length + 1;
  }

  /** Removes a number that is in the list, and returns whether the list is empty now. */
  delete(list: number, number: number): boolean {
    const place = this.#placeOf(list, number);
    const length = this.#lengths[list]! - 1;
    const long = this.#longOf(list);
    const [array, start] = [this.arrayOf(list), this.startOf(list)];
    // The oldest goes most often; this moves nothing.
    if (long !== undefined && place === 0) long.from++;
    else array.copyWithin(start + place, start + place + 1, start + length + 1);
    if (long === undefined) this.#resize(list, length + 1, length);
    else if (length <= LONG / 2) this.#shorten(list, long, length);
    this.#lengths[list] = length;
    return length === 0;
  }

  #longOf(list: number): LongList | undefined {
    return this.#lengths[list]! > LONG / 2 ? this.#long.get(list) : undefined;
  }

  /** How many of a list's numbers come before this one. */
  #placeOf(list: number, number: number): number {
    const length = this.#lengths[list]!;
    const [array, start] = [this.arrayOf(list), this.startOf(list)];
    if (length === 0 || this.#order(array[start + length - 1]!, number) < 0) return length;
    if (this.#order(array[start]!, number) >= 0) return 0;
    let [low, high] = [1, length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order(array[start + middle]!, number) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Sees to it that a long list, or one that becomes long, can take one more. */
  #makeRoom(list: number, long: LongList | undefined): void {
    const length = this.#lengths[list]!;
    const [array, start] = [this.arrayOf(list), this.startOf(list)];
    if (long !== undefined && start + length < array.length) return;
    const entries = new Uint32Array(roomFor(length + 1));
    entries.set(array.subarray(start, start + length));
    this.#longBytes += entries.byteLength;
    if (long === undefined) this.#blocks.give(start, length);
    else this.#longBytes -= array.byteLength;
    this.#long.set(list, { entries, from: 0 });
  }

  /** Moves a list of this length to a block. */
  #shorten(list: number, { entries, from }: LongList, length: number): void {
    const start = this.#blocks.take(length);
    this.#blocks.words.set(entries.subarray(from, from + length), start);
    this.#starts[list] = start;
    this.#longBytes -= entries.byteLength;
    this.#long.delete(list);
  }

  /** Moves a short list to a block of another class, where its length asks for that. */
  #resize(list: number, before: number, after: number): void {
    if (before > 0 && after > 0 && classFor(before) === classFor(after)) return;
    const from = this.#starts[list]!;
    if (after > 0) {
      const start = this.#blocks.take(after);
      this.#blocks.words.copyWithin(start, from, from + Math.min(before, after));
      this.#starts[list] = start;
    }
    if (before > 0) this.#blocks.give(from, before);
  }

  #grow(count: number): void {
    this.#starts = grown(Uint32Array, this.#starts, roomFor(count));
    this.#lengths = grown(Uint32Array, this.#lengths, roomFor(count));
  }
}
