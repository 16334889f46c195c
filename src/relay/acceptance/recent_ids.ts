/**
 * A bounded set of the ids that were stored most recently.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";

/**
 * Remembers the last `capacity` ids. Many clients send the same event to a busy relay within
 * seconds; a known id needs neither a signature check nor a place in a batch. Add only ids whose
 * events are committed.
 */
export class RecentIds {
  readonly #capacity: number;
  /** Two generations of half the capacity. When the young one is full it replaces the old one. */
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(capacity: number) {
    assert(capacity >= 1, "at least one id is remembered");
    this.#capacity = Math.ceil(capacity / 2);
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  add(id: string): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(id);
  }

  delete(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
