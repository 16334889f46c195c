/**
 * Sets of ids and public keys, kept as bytes.
 *
 * Clients ask for the notes of hundreds of authors, and for hundreds of events by their ids. A key of 64
 * hex digits takes 80 bytes as a string and as many again as an element of a Set, and hashing it takes
 * as long as everything else that is done with it. Here keys are 32 bytes each in one array.
 *
 * @module
 */

import { hexToBytes, isHex, KEY_DIGITS, lowerHexToBytes } from "./hex.ts";

/** What 64 hex digits encode. */
export const KEY_BYTES = 32;
const KEY_WORDS = KEY_BYTES / 4;

/** From so many keys on a {@link KeySet} takes less memory and time than a Set. */
export const MANY_KEYS = 8;

/** The factor of hashes that find keys which are listed twice. */
const SEED = 0x9e3779b1;

/** How many cells are looked at for a key on average, at most, before another way is taken. */
const MOST_PROBES = 8;

/** A set of keys, each 64 lower-case hex digits. */
export class KeySet implements ReadonlySet<string> {
  /** The keys end to end. */
  #bytes: Uint8Array<ArrayBuffer>;
  #words: Uint32Array;
  /**
   * Sorted on the first search: sorting thousands of keys takes longer than registering them, and a
   * filter indexed by its keys is rarely searched.
   */
  #isSorted = false;

  /** @param bytes distinct keys end to end; see {@link KeySet.of} */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#words = new Uint32Array(bytes.buffer);
  }

  /** The set of a list; undefined if one of it is no key. */
  static of(list: readonly unknown[]): KeySet | undefined {
    for (const key of list) {
      if (typeof key !== "string" || key.length !== KEY_DIGITS) return undefined;
    }
    // To decode all at once is much faster than one by one.
    const bytes = lowerHexToBytes(list.join(""));
    return bytes && new KeySet(distinct(bytes, list as readonly string[]));
  }

  get size(): number {
    return this.#bytes.length / KEY_BYTES;
  }

  /** The keys end to end, {@link KEY_BYTES} each. They must not be changed. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** The hash of the key at this place, as {@link keyHash} gives it. */
  hashAt(place: number, seed: number): number {
    return hashOf(this.#words, KEY_WORDS * place, seed);
  }

  has(key: string): boolean {
    if (!isHex(key, KEY_DIGITS)) return false;
    this.#sort();
    const wanted = hexToBytes(key);
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(middle, wanted);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  /** Looks up each key of the smaller set in the larger one. */
  isDisjointFrom(other: ReadonlySet<string>): boolean {
    return this.size < other.size
      ? this.keys().every((key) => !other.has(key))
      : other.values().every((key) => !this.has(key));
  }

  isSubsetOf(other: ReadonlySet<string>): boolean {
    return this.size <= other.size && this.keys().every((key) => other.has(key));
  }

  /** Each key is a text of its own, which may be kept. */
  *keys(): Generator<string, undefined> {
    const bytes = this.#bytes;
    for (let at = 0; at < bytes.length; at += KEY_BYTES) {
      yield bytes.subarray(at, at + KEY_BYTES).toHex();
    }
  }

  values(): Generator<string, undefined> {
    return this.keys();
  }

  [Symbol.iterator](): Generator<string, undefined> {
    return this.keys();
  }

  // What policies of a host program may call, and nothing here does.

  entries(): SetIterator<[string, string]> {
    return new Set(this).entries();
  }

  forEach(visit: (key: string, again: string, set: ReadonlySet<string>) => void): void {
    for (const key of this) visit(key, key, this);
  }

  union<T>(other: ReadonlySetLike<T>): Set<string | T> {
    return new Set(this).union(other);
  }

  intersection<T>(other: ReadonlySetLike<T>): Set<string & T> {
    return new Set(this).intersection(other);
  }

  difference<T>(other: ReadonlySetLike<T>): Set<string> {
    return new Set(this).difference(other);
  }

  symmetricDifference<T>(other: ReadonlySetLike<T>): Set<string | T> {
    return new Set(this).symmetricDifference(other);
  }

  isSupersetOf(other: ReadonlySetLike<unknown>): boolean {
    return new Set<unknown>(this).isSupersetOf(other);
  }

  #sort(): void {
    if (this.#isSorted) return;
    // Hex digits of one case sort as the bytes do.
    this.#bytes = hexToBytes([...this].sort().join(""));
    this.#words = new Uint32Array(this.#bytes.buffer);
    this.#isSorted = true;
  }

  #compare(place: number, wanted: Uint8Array): number {
    const start = place * KEY_BYTES;
    for (let at = 0; at < KEY_BYTES; at++) {
      const difference = this.#bytes[start + at]! - wanted[at]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

const hashed = new Uint8Array(KEY_BYTES);
const hashedWords = new Uint32Array(hashed.buffer);

/**
 * A hash of 32 bits of a key, by an odd seed.
 *
 * @param key 64 lower-case hex digits
 */
export function keyHash(key: string, seed: number): number {
  hashed.setFromHex(key);
  return hashOf(hashedWords, 0, seed);
}

function hashOf(words: Uint32Array, from: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < from + KEY_WORDS; at++) {
    hash = Math.imul(hash ^ words[at]!, seed);
    // Twice, or a difference in the highest bit could be taken back by the next word, whatever the seed.
    hash = Math.imul(hash ^ (hash >>> 15), seed);
  }
  return hash;
}

/** The keys without those that are there before. */
function distinct(
  bytes: Uint8Array<ArrayBuffer>,
  list: readonly string[],
): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(bytes.buffer);
  const count = list.length;
  // Places of keys plus one, under their hashes; 0 where there is none.
  const cells = new Int32Array(2 ** Math.ceil(Math.log2(2 * count + 1)));
  let probes = MOST_PROBES * count;
  let kept = 0;
  for (let place = 0; place < count; place++) {
    let cell = hashOf(words, KEY_WORDS * place, SEED) & (cells.length - 1);
    while (cells[cell] !== 0 && !isSame(words, cells[cell]! - 1, place)) {
      // A client has chosen keys with the same hash. Nobody can foresee those of a Set.
      if (probes-- === 0) return hexToBytes([...new Set(list)].join(""));
      cell = (cell + 1) & (cells.length - 1);
    }
    if (cells[cell] !== 0) continue;
    if (kept < place) {
      bytes.copyWithin(KEY_BYTES * kept, KEY_BYTES * place, KEY_BYTES * (place + 1));
    }
    cells[cell] = ++kept;
  }
  return kept === count ? bytes : bytes.slice(0, KEY_BYTES * kept);
}

function isSame(words: Uint32Array, a: number, b: number): boolean {
  for (let at = 0; at < KEY_WORDS; at++) {
    if (words[KEY_WORDS * a + at] !== words[KEY_WORDS * b + at]) return false;
  }
  return true;
}
