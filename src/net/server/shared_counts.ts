/**
 * Counts of connections that several threads share.
 *
 * They are in shared memory: a table of clients, by a hash of their key, in sets of a few places. A place
 * has the client's rate, and for each thread how many of its connections are open there, so that those of
 * a thread that has ended can be taken back.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import type { AdmissionCounts, AdmissionRefusal, CountLimits } from "./admission.ts";

/** How large a table is: 65,536 clients, 2 MB with two threads and half a megabyte more for each two. */
const SETS = 8_192;
const PLACES = 8;

/** Words of 4 bytes at the start of the table: the lock, and the number of clients. */
const HEAD_WORDS = 2;

/** Words of a place before the counts of the threads: the hash, the tokens and their time. */
const PLACE_HEAD_WORDS = 6;

const MS_PER_SECOND = 1_000;

/** How long a thread waits for the lock at a time, and how often, before it takes it. */
const LOCK_WAIT_MS = 1;
const LOCK_WAITS = 1_000;

/** A table that threads share. It can be sent to them. */
export interface SharedTable {
  readonly memory: SharedArrayBuffer;
  /** How many threads count in it. */
  readonly threads: number;
  /** Random, so that nobody can choose addresses whose hashes are the same. */
  readonly seed: number;
}

/** Makes an empty table. */
export function createTable(threads: number, seed: number): SharedTable {
  const words = headWords(threads) + SETS * PLACES * placeWords(threads);
  return { memory: new SharedArrayBuffer(4 * words), threads, seed };
}

/** The thread that counts. Its clock is one that all threads share. */
export interface CountingThread {
  /** From 0. */
  readonly thread: number;
  /** What to add to the times that `enter` is given. */
  readonly clockOffsetMs: number;
}

/**
 * Counts in a table, for one thread. A client that finds no place, because all of its set have open
 * connections, is counted in the total alone.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { createTable, SharedCounts } from "./shared_counts.ts";
 *
 * const table = createTable(2, 1);
 * const one = new SharedCounts(table, { thread: 0, clockOffsetMs: 0 });
 * const other = new SharedCounts(table, { thread: 1, clockOffsetMs: 0 });
 * const limits = { maxTotal: 10, maxInside: 1, rate: { perSecond: 1, burst: 5 } };
 * equal(one.enter("192.0.2.1/32", limits, 0), undefined);
 * equal(other.enter("192.0.2.1/32", limits, 0), "per-client");
 * ```
 */
export class SharedCounts implements AdmissionCounts {
  readonly #table: SharedTable;
  readonly #thread: number;
  readonly #clockOffsetMs: number;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;

  constructor(table: SharedTable, { thread, clockOffsetMs }: CountingThread) {
    assert(thread < table.threads, "the table has a column for each thread");
    this.#table = table;
    this.#thread = thread;
    this.#clockOffsetMs = clockOffsetMs;
    this.#words = new Int32Array(table.memory);
    this.#numbers = new Float64Array(table.memory);
  }

  get total(): number {
    return this.#sum(HEAD_WORDS);
  }

  get clientCount(): number {
    return Atomics.load(this.#words, 1);
  }

  enter(
    key: string | undefined,
    limits: CountLimits,
    nowMs: number,
  ): AdmissionRefusal | undefined {
    return this.#locked(() => {
      if (this.total >= limits.maxTotal) return "total";
      const place = key === undefined ? undefined : this.#placeOf(key, limits);
      if (place !== undefined) {
        if (this.#sum(place + PLACE_HEAD_WORDS) >= limits.maxInside) return "per-client";
        if (!this.#tryTake(place, limits, nowMs + this.#clockOffsetMs)) return "rate";
        this.#words[place + PLACE_HEAD_WORDS + this.#thread]!++;
      }
      this.#words[HEAD_WORDS + this.#thread]!++;
      return undefined;
    });
  }

  leave(key: string | undefined): void {
    this.#locked(() => {
      this.#words[HEAD_WORDS + this.#thread]!--;
      const place = key === undefined ? undefined : this.#find(hashOf(key, this.#table.seed));
      if (place === undefined) return;
      const at = place + PLACE_HEAD_WORDS + this.#thread;
      // It may have come when there was no place for it.
      if (this.#words[at]! > 0) this.#words[at]!--;
    });
  }

  /** Takes back all connections of this thread, which has ended. */
  clear(): void {
    this.#locked(() => {
      const { threads } = this.#table;
      this.#words[HEAD_WORDS + this.#thread] = 0;
      for (let place = 0; place < SETS * PLACES; place++) {
        const at = headWords(threads) + place * placeWords(threads);
        this.#words[at + PLACE_HEAD_WORDS + this.#thread] = 0;
      }
    });
  }

  /** The client's place, which it gets if it has none; undefined if there is none for it. */
  #placeOf(key: string, { rate }: CountLimits): number | undefined {
    const hash = hashOf(key, this.#table.seed);
    const found = this.#find(hash);
    if (found !== undefined) return found;
    const place = this.#freePlace(hash);
    if (place === undefined) return undefined;
    if (this.#isEmpty(place)) Atomics.add(this.#words, 1, 1);
    this.#words[place] = hash.low;
    this.#words[place + 1] = hash.high;
    this.#numbers[place / 2 + 1] = rate.burst;
    this.#numbers[place / 2 + 2] = 0;
    return place;
  }

  #find(hash: Hash): number | undefined {
    for (const place of this.#placesOf(hash)) {
      if (this.#words[place] === hash.low && this.#words[place + 1] === hash.high) return place;
    }
    return undefined;
  }

  /** One that is empty, else that of the client without connections who came longest ago. */
  #freePlace(hash: Hash): number | undefined {
    let oldest: number | undefined;
    for (const place of this.#placesOf(hash)) {
      if (this.#isEmpty(place)) return place;
      if (this.#sum(place + PLACE_HEAD_WORDS) > 0) continue;
      if (oldest === undefined || this.#timeOf(place) < this.#timeOf(oldest)) oldest = place;
    }
    return oldest;
  }

  *#placesOf({ high }: Hash): Iterable<number> {
    const { threads } = this.#table;
    const first = (high >>> 0) % SETS * PLACES;
    for (let at = first; at < first + PLACES; at++) {
      yield headWords(threads) + at * placeWords(threads);
    }
  }

  #isEmpty(place: number): boolean {
    return this.#words[place] === 0 && this.#words[place + 1] === 0;
  }

  #timeOf(place: number): number {
    return this.#numbers[place / 2 + 2]!;
  }

  #tryTake(place: number, { rate }: CountLimits, nowMs: number): boolean {
    const at = place / 2 + 1;
    // The clocks of two threads may differ by a little.
    const passedMs = Math.max(0, nowMs - this.#timeOf(place));
    const refilled = this.#numbers[at]! + passedMs * rate.perSecond / MS_PER_SECOND;
    const tokens = Math.min(rate.burst, refilled);
    this.#numbers[at] = tokens >= 1 ? tokens - 1 : tokens;
    this.#numbers[at + 1] = Math.max(nowMs, this.#timeOf(place));
    return tokens >= 1;
  }

  /** The sum over all threads of the counts that begin there. */
  #sum(at: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.#table.threads; thread++) sum += this.#words[at + thread]!;
    return sum;
  }

  /**
   * Does a microsecond's work while no other thread does. A thread that was ended in the middle of that
   * would keep the lock for ever, so after a second it is taken from it.
   */
  #locked<Result>(work: () => Result): Result {
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
}

/** Even, because numbers of 8 bytes follow. */
function headWords(threads: number): number {
  return even(HEAD_WORDS + threads);
}

function placeWords(threads: number): number {
  return even(PLACE_HEAD_WORDS + threads);
}

function even(words: number): number {
  return words + words % 2;
}

/** 64 bits, not all of them 0. */
interface Hash {
  readonly low: number;
  readonly high: number;
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
