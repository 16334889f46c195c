/**
 * Counts of connections that several threads share.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { SharedPlaces, type SharedTable } from "../../base/shared_table.ts";
import type { AdmissionCounts, AdmissionRefusal, CountLimits } from "./admission.ts";

interface CountingThread {
  /** From 0: its column of the table. */
  readonly thread: number;
  /** What to add to the times that `enter` is given, so that those of all threads can be compared. */
  readonly clockOffsetMs: number;
}

/**
 * Counts in a table, for one thread. A client that finds no place there, because all of its set have open
 * connections, is counted in the total alone.
 */
export class SharedCounts implements AdmissionCounts {
  readonly #places: SharedPlaces;
  readonly #thread: number;
  readonly #clockOffsetMs: number;

  constructor(table: SharedTable, { thread, clockOffsetMs }: CountingThread) {
    assert(thread < table.columns, "the table has a column for each thread");
    this.#places = new SharedPlaces(table);
    this.#thread = thread;
    this.#clockOffsetMs = clockOffsetMs;
  }

  get total(): number {
    return this.#places.locked(() => this.#places.total());
  }

  get clientCount(): number {
    return this.#places.locked(() => this.#places.size);
  }

  enter(
    key: string | undefined,
    { maxTotal, maxInside, rate }: CountLimits,
    nowMs: number,
  ): AdmissionRefusal | undefined {
    const places = this.#places;
    return places.locked(() => {
      if (places.total() >= maxTotal) return "total";
      const place = key === undefined ? undefined : places.placeOf(key, rate);
      if (place !== undefined) {
        if (places.count(place) >= maxInside) return "per-client";
        const at = { rate, nowMs: nowMs + this.#clockOffsetMs };
        if (!places.tryTake(place, 1, at)) return "rate";
      }
      places.add(place, this.#thread, 1);
      return undefined;
    });
  }

  leave(key: string | undefined): void {
    const places = this.#places;
    places.locked(() => {
      places.add(key === undefined ? undefined : places.find(key), this.#thread, -1);
    });
  }

  /** Takes back all connections of this thread, which has ended. */
  clear(): void {
    this.#places.locked(() => this.#places.clear(this.#thread));
  }
}
