/**
 * A bounded map that forgets the least recently used entry first.
 *
 * @module
 */

import { assert } from "./assert.ts";

/** Holds at most `capacity` entries. {@link get} and {@link set} count as use. */
export class LruMap<K, V extends NonNullable<unknown>> {
  readonly #capacity: number;
  /** In the order of last use: a Map keeps the order of insertion. */
  readonly #entries = new Map<K, V>();

  constructor(capacity: number) {
    assert(capacity >= 1, "at least one entry is kept");
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    const isNew = !this.#entries.delete(key);
    if (isNew && this.#entries.size >= this.#capacity) {
      this.#entries.delete(this.#entries.keys().next().value!);
    }
    this.#entries.set(key, value);
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }
}
