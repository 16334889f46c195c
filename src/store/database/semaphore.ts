/**
 * A counting semaphore.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { turn } from "./turn.ts";

/** Admits a number of callers at a time. The others wait in order, and may cancel waiting. */
export class Semaphore {
  /** In order of arrival. A set, so that a waiter can be removed from the middle in constant time. */
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(capacity: number) {
    assert(capacity > 0, "a semaphore has at least one slot");
    this.#free = capacity;
  }

  /** Takes a slot if one is free. */
  tryAcquire(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /**
   * Resolves when there is a free slot. Rejects with the signal's reason, and then there is nothing
   * to release.
   */
  async acquire(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.tryAcquire()) return;
    await turn(signal, (admit) => {
      this.#waiting.add(admit);
      return () => this.#waiting.delete(admit);
    });
  }

  /** Frees a slot. Call once for each {@link acquire} that resolved. */
  release(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      return next();
    }
    this.#free++;
  }
}
