/**
 * A bound on how many bytes many hold at once.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { FairQueue, ownSource, type Source } from "../../base/fair_queue.ts";

/** Somebody who waits for room. */
interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Lets in as many bytes as fit; the others wait in turns of their sources, however few they are, and may
 * give up waiting. More than there is room for count as all of it.
 */
export class MemoryBudget {
  readonly #capacity: number;
  readonly #waiting = new FairQueue<Waiter>();
  /** Whose turn it is, and for whom there is no room yet. */
  #next: Waiter | undefined = undefined;
  #taken = 0;

  constructor(capacity: number) {
    assert(capacity > 0, "a room has room");
    this.#capacity = capacity;
  }

  /** Bytes inside. */
  get taken(): number {
    return this.#taken;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size + (this.#next === undefined ? 0 : 1);
  }

  /** Resolves when there is room. Rejects with the signal's reason, and then nothing is to be left. */
  async enter(bytes: number, signal?: AbortSignal, source: Source = ownSource): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { bytes, enter: resolve };
    const giveUp = () => {
      if (this.#next === waiter) this.#next = undefined;
      else if (!this.#waiting.delete(waiter, source)) return;
      reject(signal?.reason);
      // Whoever stood behind may be small enough.
      this.#admit();
    };
    this.#waiting.push(waiter, source);
    signal?.addEventListener("abort", giveUp);
    this.#admit();
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Makes room. As many bytes, for each {@link enter} that resolved, as entered. */
  leave(bytes: number): void {
    this.#taken -= this.#counted(bytes);
    assert(this.#taken >= 0, "no more leaves than was there");
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      this.#next ??= this.#waiting.shift();
      const waiter = this.#next;
      if (waiter === undefined || !this.#fits(waiter.bytes)) return;
      this.#next = undefined;
      this.#taken += this.#counted(waiter.bytes);
      waiter.enter();
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken + this.#counted(bytes) <= this.#capacity;
  }

  #counted(bytes: number): number {
    return Math.min(bytes, this.#capacity);
  }
}
