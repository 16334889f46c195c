/**
 * Token buckets that several threads share.
 *
 * @module
 */

import { SharedPlaces, type SharedTable } from "./shared_table.ts";
import type { Rate } from "./token_bucket.ts";
import type { Buckets } from "./token_buckets.ts";

/** Which buckets of a table are meant, and by what clock. */
interface SharedBucketsOptions {
  /** Distinguishes them from others in the table. */
  readonly name: string;
  /** An object whose fields are read at each use. */
  readonly rate: Rate;
  /** What to add to the times that are given, so that those of all threads can be compared. */
  readonly clockOffsetMs: number;
}

/** Token buckets by key, in a table without columns. */
export class SharedBuckets implements Buckets {
  readonly #places: SharedPlaces;
  readonly #options: SharedBucketsOptions;

  constructor(table: SharedTable, options: SharedBucketsOptions) {
    this.#places = new SharedPlaces(table);
    this.#options = options;
  }

  get burst(): number {
    return this.#options.rate.burst;
  }

  tryTake(key: string, count: number, nowMs: number): boolean {
    const { name, rate, clockOffsetMs } = this.#options;
    const places = this.#places;
    return places.locked(() => {
      const place = places.placeOf(`${name} ${key}`, rate);
      // Without columns there always is one.
      if (place === undefined) return true;
      return places.tryTake(place, count, { rate, nowMs: nowMs + clockOffsetMs });
    });
  }

  give(key: string, count: number, nowMs: number): void {
    const { name, rate, clockOffsetMs } = this.#options;
    const places = this.#places;
    places.locked(() => {
      const place = places.find(`${name} ${key}`);
      if (place !== undefined) places.give(place, count, { rate, nowMs: nowMs + clockOffsetMs });
    });
  }

  has(key: string, count: number, nowMs: number): boolean {
    const { name, rate, clockOffsetMs } = this.#options;
    const places = this.#places;
    return places.locked(() => {
      const place = places.find(`${name} ${key}`);
      return count <=
        (place === undefined ? rate.burst : places.tokens(place, rate, nowMs + clockOffsetMs));
    });
  }
}
