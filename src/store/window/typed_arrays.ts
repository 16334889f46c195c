/**
 * Typed arrays that grow, and hashes that look up numbers in them.
 *
 * The window keeps its events in columns of typed arrays instead of objects, because an object with a Map
 * entry costs more memory than all fields of an event.
 *
 * @module
 */

import type { Random } from "../../base/random.ts";
import { KEY_BYTES } from "../../nostr/key_set.ts";

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

/** How many 16-bit words an id or a public key has. */
export const KEY_WORDS = KEY_BYTES / 2;

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
    const bytes = new DataView(random.bytes(4 * KEY_WORDS).buffer);
    this.#factors = Float64Array.from(
      { length: KEY_WORDS },
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

/** A power of two. */
const SEGMENTS = 64;

/** By how much the first bits of a hash, which name the segment, are shifted: hashes have 31 bits. */
const SEGMENT_SHIFT = 25;

/** A cell is the number of its segment, shifted by as much, and its place there. */
const CELL_SHIFT = 24;
const PLACE_MASK = 2 ** CELL_SHIFT - 1;

/**
 * A set of numbers, each under a hash: open addressing with linear probing. Whoever asks compares what
 * the numbers stand for.
 *
 * ```ts ignore
 * for (let at = table.start(hash); table.at(at) !== NONE; at = table.next(at)) …
 * ```
 *
 * It is made of segments that grow one by one, so that no growth holds the thread for long.
 */
export class HashTable {
  readonly #hashOf: (number: number) => number;
  /** The numbers plus one; 0 where there is none. The lengths are powers of two. */
  readonly #segments = Array.from({ length: SEGMENTS }, () => new Uint32Array(4));
  /** How many numbers each segment has. */
  readonly #sizes = new Uint32Array(SEGMENTS);

  /** `hashOf` says under which hash a number was added. */
  constructor(hashOf: (number: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The first cell to look at for a hash. */
  start(hash: number): number {
    const segment = hash >>> SEGMENT_SHIFT;
    return (segment << CELL_SHIFT) | (hash & (this.#segments[segment]!.length - 1));
  }

  /** The number in a cell; {@link NONE} where the search ends. */
  at(cell: number): number {
    return this.#segments[cell >>> CELL_SHIFT]![cell & PLACE_MASK]! - 1;
  }

  /** The cell to look at after this one. */
  next(cell: number): number {
    const segment = cell >>> CELL_SHIFT;
    return (segment << CELL_SHIFT) | ((cell + 1) & (this.#segments[segment]!.length - 1));
  }

  /** Adds a number that is not there yet. */
  add(hash: number, number: number): void {
    const segment = hash >>> SEGMENT_SHIFT;
    const size = ++this.#sizes[segment]!;
    if (4 * size > 3 * this.#segments[segment]!.length) this.#grow(segment);
    this.#put(hash, number);
  }

  /** Removes a number that is there. */
  delete(hash: number, number: number): void {
    const segment = hash >>> SEGMENT_SHIFT;
    this.#sizes[segment]!--;
    const cells = this.#segments[segment]!;
    const mask = cells.length - 1;
    let hole = hash & mask;
    while (cells[hole] !== number + 1) hole = (hole + 1) & mask;
    // What was pushed past the hole by a collision moves back into it.
    for (let place = (hole + 1) & mask; cells[place] !== 0; place = (place + 1) & mask) {
      const home = this.#hashOf(cells[place]! - 1) & mask;
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      cells[hole] = cells[place]!;
      hole = place;
    }
    cells[hole] = 0;
  }

  #put(hash: number, number: number): void {
    let cell = this.start(hash);
    while (this.at(cell) !== NONE) cell = this.next(cell);
    this.#segments[cell >>> CELL_SHIFT]![cell & PLACE_MASK] = number + 1;
  }

  #grow(segment: number): void {
    const cells = this.#segments[segment]!;
    this.#segments[segment] = new Uint32Array(2 * cells.length);
    for (const cell of cells) {
      if (cell !== 0) this.#put(this.#hashOf(cell - 1), cell - 1);
    }
  }
}

/** Ids or public keys side by side in one array. */
export class KeyColumn {
  #bytes = new Uint8Array(KEY_BYTES * roomFor(0));
  #words = new Uint16Array(this.#bytes.buffer);

  /** The keys end to end, {@link KEY_WORDS} each. Another array after {@link grow}. */
  get words(): Uint16Array {
    return this.#words;
  }

  /** The bytes of the key at a place, to be read or written. */
  at(place: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(KEY_BYTES * place, KEY_BYTES * (place + 1));
  }

  /** Whether the key at a place is the one whose words begin at `from`. */
  isAt(place: number, words: Uint16Array, from: number): boolean {
    const own = this.#words;
    const start = KEY_WORDS * place;
    for (let word = 0; word < KEY_WORDS; word++) {
      if (own[start + word] !== words[from + word]) return false;
    }
    return true;
  }

  /** Less than zero when the key at one place is smaller than that at another. */
  compare(one: number, other: number): number {
    const bytes = this.#bytes;
    const [a, b] = [KEY_BYTES * one, KEY_BYTES * other];
    for (let at = 0; at < KEY_BYTES; at++) {
      const difference = bytes[a + at]! - bytes[b + at]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** Makes room for so many keys. */
  grow(count: number): void {
    this.#bytes = grown(Uint8Array, this.#bytes, KEY_BYTES * count);
    this.#words = new Uint16Array(this.#bytes.buffer);
  }
}
