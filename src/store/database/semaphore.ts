/**
 * A bound on how many do something at once.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";

/**
 * Lets a number of callers in; the others wait in order, and may give up waiting.
 */
export class Semaphore {
  /** In order of arrival; a set, so that who gives up leaves from the midst at no cost. */
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(capacity: number) {
    assert(capacity > 0, "a semaphore lets at least one in");
    this.#free = capacity;
  }

  /** Resolves when there is room. Rejects with the signal's reason, and then nothing is to be left. */
  async enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      this.#waiting.delete(resolve);
      reject(signal?.reason);
    };
    this.#waiting.add(resolve);
    signal?.addEventListener("abort", giveUp);
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Makes room for the next. Once for each {@link enter} that resolved. */
  leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      return next();
    }
    this.#free++;
  }
}
