/**
 * Typed arrays that grow, and hashes that look up numbers in them.
 *
 * The window keeps its events in columns of typed arrays instead of objects, because an object with a Map
 * entry costs more memory than all fields of an event.
 *
 * @module
 */

import type { Random } from "../../base/random.ts";

/** What a search that found nothing returns. */
export const NONE = -1;

/** The constructor of a typed array of numbers. */
type Maker<T> = new (length: number) => T;

/** What all typed arrays of numbers have. */
interface Numbers extends ArrayLike<number> {
  set(numbers: ArrayLike<number>): void;
}

/** A copy of an array with room for `length` numbers. */
export function grown<T extends Numbers>(make: Maker<T>, array: T, length: number): T {
  const larger = new make(length);
  larger.set(array);
  return larger;
}

/** The length of an array that has to hold `count` numbers and is to grow again later. */
export function roomFor(count: number): number {
  return Math.max(16, Math.ceil(1.25 * count));
}

/** 2^31 − 1, a prime. */
const PRIME = 0x7fff_ffff;

/** How many 16-bit words a key has at most: 32 bytes. */
const MAX_WORDS = 16;

/**
 * Hashes keys with secret random factors, so that nobody can choose keys that collide.
 *
 * It is the sum of products modulo a prime: two different keys collide with a probability of 2^-31. The
 * sums stay below 2^51, so they are exact.
 *
 * @see J. L. Carter and M. N. Wegman, "Universal classes of hash functions", 1979
 */
export class KeyedHash {
  readonly #factors: Float64Array;

  constructor(random: Random) {
    const bytes = new DataView(random.bytes(4 * MAX_WORDS).buffer);
    this.#factors = Float64Array.from(
      { length: MAX_WORDS },
      (_, word) => bytes.getUint32(4 * word) >>> 1,
    );
  }

  /** The hash of `count` words, from 0 to 2^31 − 2. */
  of(words: Uint16Array, from: number, count: number): number {
    let sum = 0;
    for (let word = 0; word < count; word++) sum += this.#factors[word]! * words[from + word]!;
    return reduced(sum);
  }

  /** The hash of two 32-bit numbers. */
  ofPair(a: number, b: number): number {
    const factors = this.#factors;
    return reduced(
      factors[0]! * (a & 0xffff) + factors[1]! * (a >>> 16) +
        factors[2]! * (b & 0xffff) + factors[3]! * (b >>> 16),
    );
  }
}

/** The remainder by {@link PRIME}: 2^31 leaves 1. */
function reduced(sum: number): number {
  const high = Math.floor(sum / 0x8000_0000);
  const rest = sum - high * 0x8000_0000 + high;
  return rest >= PRIME ? rest - PRIME : rest;
}

/**
 * A set of numbers, each under a hash: open addressing with linear probing. Whoever asks compares what
 * the numbers stand for.
 *
 * ```ts ignore
 * for (let at = table.start(hash); table.at(at) !== NONE; at = table.next(at)) …
 * ```
 */
export class HashTable {
  readonly #hashOf: (number: number) => number;
  /** The numbers plus one; 0 where there is none. The length is a power of two. */
  #cells = new Uint32Array(16);
  #mask = 15;
  #size = 0;

  /** `hashOf` says under which hash a number was added. */
  constructor(hashOf: (number: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The first cell to look at for a hash. */
  start(hash: number): number {
    return hash & this.#mask;
  }

  /** The number in a cell; {@link NONE} where the search ends. */
  at(cell: number): number {
    return this.#cells[cell]! - 1;
  }

  /** The cell to look at after this one. */
  next(cell: number): number {
    return (cell + 1) & this.#mask;
  }

  /** Adds a number that is not there yet. */
  add(hash: number, number: number): void {
    this.#size++;
    if (4 * this.#size > 3 * this.#cells.length) this.#grow();
    this.#put(hash, number);
  }

  /** Removes a number that is there. */
  delete(hash: number, number: number): void {
    this.#size--;
    let hole = this.start(hash);
    while (this.at(hole) !== number) hole = this.next(hole);
    // What was pushed past the hole by a collision moves back into it.
    for (let cell = this.next(hole); this.at(cell) !== NONE; cell = this.next(cell)) {
      const home = this.start(this.#hashOf(this.at(cell)));
      if (((cell - home) & this.#mask) < ((cell - hole) & this.#mask)) continue;
      this.#cells[hole] = this.#cells[cell]!;
      hole = cell;
    }
    this.#cells[hole] = 0;
  }

  #put(hash: number, number: number): void {
    let cell = this.start(hash);
    while (this.#cells[cell] !== 0) cell = this.next(cell);
    this.#cells[cell] = number + 1;
  }

  #grow(): void {
    const cells = this.#cells;
    this.#cells = new Uint32Array(2 * cells.length);
    this.#mask = this.#cells.length - 1;
    for (const cell of cells) {
      if (cell !== 0) this.#put(this.#hashOf(cell - 1), cell - 1);
    }
  }
}
