/**
 * A table in memory that threads share: for each key a token bucket, and a count for each thread.
 *
 * Keys are found by a hash, in sets of a few places, as in the cache of a processor. A key that is new takes
 * the place of the one that was used longest ago in its set.
 *
 * @module
 */

import type { Rate } from "./token_bucket.ts";

/** A table. It can be sent to other threads. */
export interface SharedTable {
  readonly memory: SharedArrayBuffer;
  /** How many counts a place has: one for each thread, or none. */
  readonly columns: number;
  /** Random, so that nobody can choose keys whose hashes are the same. */
  readonly seed: number;
}

/** 65,536 places in sets of 8: 1.5 MB, and half a megabyte more for each two columns. */
const SETS = 8_192;
const PLACES = 8;

/** Words of 4 bytes at the start: the lock, and how many keys there are; then a total for each column. */
const HEAD_WORDS = 2;

/** Words of a place before its counts: the hash, the tokens, and the time they are of. */
const PLACE_HEAD_WORDS = 6;

const MS_PER_SECOND = 1_000;

/** How long a thread waits for the lock at a time, and how often, before it takes it. */
const LOCK_WAIT_MS = 1;
const LOCK_WAITS = 1_000;

/** Makes an empty table. */
export function createTable(columns: number, seed: number): SharedTable {
  const words = headWords(columns) + SETS * PLACES * placeWords(columns);
  return { memory: new SharedArrayBuffer(4 * words), columns, seed };
}

/** One thread's access to a table. All but {@link locked} is called within that. */
export class SharedPlaces {
  readonly #table: SharedTable;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(table: SharedTable) {
    this.#table = table;
    this.#words = new Int32Array(table.memory);
    this.#numbers = new Float64Array(table.memory);
  }

  /** How many keys there are. */
  get size(): number {
    return this.#words[1]!;
  }

  /**
   * Does a microsecond's work while no other thread does. A thread that was ended in the middle of that
   * would keep the lock for ever, so after a second it is taken from it.
   */
  locked<Result>(work: () => Result): Result {
    for (let waits = 0; Atomics.compareExchange(this.#words, 0, 0, 1) !== 0; waits++) {
      if (waits === LOCK_WAITS) break;
      Atomics.wait(this.#words, 0, 1, LOCK_WAIT_MS);
    }
    try {
      return work();
    } finally {
      Atomics.store(this.#words, 0, 0);
      Atomics.notify(this.#words, 0, 1);
    }
  }

  /** The place of a key; undefined if it has none. */
  find(key: string): number | undefined {
    return this.#find(hashOf(key, this.#table.seed));
  }

  /**
   * The place of a key, which begins with a full bucket if it is new; undefined if each place of its set
   * has counts.
   */
  placeOf(key: string, rate: Rate): number | undefined {
    const hash = hashOf(key, this.#table.seed);
    const found = this.#find(hash);
    if (found !== undefined) return found;
    const place = this.#freePlace(hash);
    if (place === undefined) return undefined;
    if (this.#words[place] === 0) this.#words[1]!++;
    this.#words[place] = hash.low;
    this.#words[place + 1] = hash.high;
    this.#numbers[place / 2 + 1] = rate.burst;
    this.#numbers[place / 2 + 2] = 0;
    return place;
  }

  /** How many tokens there are at a time. */
  tokens(place: number, { perSecond, burst }: Rate, nowMs: number): number {
    // The clocks of two threads may differ by a little.
    const passedMs = Math.max(0, nowMs - this.#timeOf(place));
    return Math.min(burst, this.#numbers[place / 2 + 1]! + passedMs * perSecond / MS_PER_SECOND);
  }

  /** Takes tokens if there are as many. */
  tryTake(place: number, count: number, at: { readonly rate: Rate; readonly nowMs: number }) {
    const tokens = this.tokens(place, at.rate, at.nowMs);
    const isThere = tokens >= count;
    this.#numbers[place / 2 + 1] = isThere ? tokens - count : tokens;
    this.#numbers[place / 2 + 2] = Math.max(at.nowMs, this.#timeOf(place));
    return isThere;
  }

  /** Gives back tokens that were taken. */
  give(place: number, count: number, at: { readonly rate: Rate; readonly nowMs: number }): void {
    const tokens = this.tokens(place, at.rate, at.nowMs) + count;
    this.#numbers[place / 2 + 1] = Math.min(at.rate.burst, tokens);
    this.#numbers[place / 2 + 2] = Math.max(at.nowMs, this.#timeOf(place));
  }

  /** The counts of a place, of all threads together. */
  count(place: number): number {
    return this.#sum(place + PLACE_HEAD_WORDS);
  }

  /** The totals of all threads together. */
  total(): number {
    return this.#sum(HEAD_WORDS);
  }

  /**
   * Adds to the total of a thread, and to its count in a place. Neither is made less than 0, which a thread
   * could do that ends while it is cleared.
   */
  add(place: number | undefined, column: number, change: 1 | -1): void {
    this.#addAt(HEAD_WORDS + column, change);
    if (place !== undefined) this.#addAt(place + PLACE_HEAD_WORDS + column, change);
  }

  #addAt(at: number, change: 1 | -1): void {
    this.#words[at] = Math.max(0, this.#words[at]! + change);
  }

  /** Makes all counts of a thread 0. */
  clear(column: number): void {
    this.#words[HEAD_WORDS + column] = 0;
    for (let at = 0; at < SETS * PLACES; at++) {
      this.#words[this.#placeAt(at) + PLACE_HEAD_WORDS + column] = 0;
    }
  }

  #find({ low, high }: Hash): number | undefined {
    const first = firstOf(high);
    for (let at = first; at < first + PLACES; at++) {
      const place = this.#placeAt(at);
      if (this.#words[place] === low && this.#words[place + 1] === high) return place;
    }
    return undefined;
  }

  /** One that is empty, else the one without counts that was used longest ago. */
  #freePlace({ high }: Hash): number | undefined {
    let oldest: number | undefined;
    const first = firstOf(high);
    for (let at = first; at < first + PLACES; at++) {
      const place = this.#placeAt(at);
      if (this.#words[place] === 0) return place;
      if (this.count(place) > 0) continue;
      if (oldest === undefined || this.#timeOf(place) < this.#timeOf(oldest)) oldest = place;
    }
    return oldest;
  }

  #placeAt(at: number): number {
    const { columns } = this.#table;
    return headWords(columns) + at * placeWords(columns);
  }

  #timeOf(place: number): number {
    return this.#numbers[place / 2 + 2]!;
  }

  #sum(at: number): number {
    let sum = 0;
    for (let column = 0; column < this.#table.columns; column++) sum += this.#words[at + column]!;
    return sum;
  }
}

/** Even, because numbers of 8 bytes follow. */
function headWords(columns: number): number {
  return even(HEAD_WORDS + columns);
}

function placeWords(columns: number): number {
  return even(PLACE_HEAD_WORDS + columns);
}

function even(words: number): number {
  return words + words % 2;
}

/** 64 bits; the lower ones are never 0, which marks an empty place. */
interface Hash {
  readonly low: number;
  readonly high: number;
}

function firstOf(high: number): number {
  return (high >>> 0) % SETS * PLACES;
}

/** cyrb53 with all of its bits: two multiplicative hashes that are mixed at the end. */
function hashOf(key: string, seed: number): Hash {
  let low = 0xdeadbeef ^ seed;
  let high = 0x41c6ce57 ^ seed;
  for (let at = 0; at < key.length; at++) {
    const code = key.charCodeAt(at);
    low = Math.imul(low ^ code, 2654435761);
    high = Math.imul(high ^ code, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return { low: low | 1, high: high | 0 };
}
