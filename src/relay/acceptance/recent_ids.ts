/**
 * The ids of events that were stored a moment ago.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";

/**
 * Remembers the last `capacity` ids. The same event reaches a busy relay many times within seconds,
 * from every client that saw it; each one that is known here costs neither a signature check nor a
 * place in a batch. Only ids of events that are durable belong in it.
 */
export class RecentIds {
  readonly #capacity: number;
  /** Two generations: when the young one is full it becomes the old one, whose ids are forgotten. */
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
