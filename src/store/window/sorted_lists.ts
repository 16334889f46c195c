/**
 * Many sorted lists of numbers, most of them short, in few arrays.
 *
 * @module
 */

import { LongList, type Order, type Piece } from "./long_list.ts";
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

/** A list that has become longer is a {@link LongList}, until it is half as long again. */
const LONG = 1_024;

/**
 * Lists under numbers of the caller's choice, each sorted. Numbers are mostly added at the end and removed
 * at the front.
 */
export class SortedLists {
  readonly #blocks: Blocks;
  readonly #order: Order;
  #starts = new Uint32Array(roomFor(0));
  #lengths = new Uint32Array(roomFor(0));
  readonly #long = new Map<number, LongList>();
  #longBytes = 0;

  constructor(blocks: Blocks, order: Order) {
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

  /** A list that is not empty, in pieces; valid until something is added or deleted. */
  piecesOf(list: number): readonly Piece[] {
    return this.#longOf(list)?.pieces ?? [this.#pieceOf(list)];
  }

  /** Adds a number that is not in the list. */
  add(list: number, number: number): void {
    if (list >= this.#lengths.length) this.#grow(list + 1);
    const length = this.#lengths[list]!;
    const long = this.#longOf(list) ?? (length === LONG ? this.#lengthened(list) : undefined);
    if (long !== undefined) {
      this.#longBytes -= long.bytes;
      long.add(number);
      this.#longBytes += long.bytes;
    } else {
      const place = this.#placeOf(list, number);
      this.#resize(list, length, length + 1);
      const [{ words }, start] = [this.#blocks, this.#starts[list]!];
      if (place < length) words.copyWithin(start + place + 1, start + place, start + length);
      words[start + place] = number;
    }
    this.#lengths[list] = length + 1;
  }

  /** Removes a number that is in the list, and returns whether the list is empty now. */
  delete(list: number, number: number): boolean {
    const length = this.#lengths[list]! - 1;
    const long = this.#longOf(list);
    if (long !== undefined) {
      this.#longBytes -= long.bytes;
      long.delete(number);
      this.#longBytes += long.bytes;
      if (length <= LONG / 2) this.#shorten(list, long, length);
    } else {
      const start = this.#starts[list]! + this.#placeOf(list, number);
      this.#blocks.words.copyWithin(start, start + 1, this.#starts[list]! + length + 1);
      this.#resize(list, length + 1, length);
    }
    this.#lengths[list] = length;
    return length === 0;
  }

  #longOf(list: number): LongList | undefined {
    return this.#lengths[list]! > LONG / 2 ? this.#long.get(list) : undefined;
  }

  /** A short list. */
  #pieceOf(list: number): Piece {
    const start = this.#starts[list]!;
    return { entries: this.#blocks.words, start, end: start + this.#lengths[list]! };
  }

  /** How many of a short list's numbers come before this one. */
  #placeOf(list: number, number: number): number {
    const length = this.#lengths[list]!;
    const [{ words }, start] = [this.#blocks, this.#starts[list]!];
    if (length === 0 || this.#order(words[start + length - 1]!, number) < 0) return length;
    if (this.#order(words[start]!, number) >= 0) return 0;
    let [low, high] = [1, length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order(words[start + middle]!, number) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes a short list a long one. */
  #lengthened(list: number): LongList {
    const { entries, start, end } = this.#pieceOf(list);
    const long = new LongList(entries.subarray(start, end), this.#order);
    this.#blocks.give(start, end - start);
    this.#long.set(list, long);
    this.#longBytes += long.bytes;
    return long;
  }

  /** Moves a list of this length to a block. */
  #shorten(list: number, long: LongList, length: number): void {
    const start = this.#blocks.take(length);
    let at = start;
    for (const piece of long.pieces) {
      this.#blocks.words.set(piece.entries.subarray(piece.start, piece.end), at);
      at += piece.end - piece.start;
    }
    this.#starts[list] = start;
    this.#longBytes -= long.bytes;
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
