/**
 * A bound on how many bytes many hold at once.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { FairQueue, ownSource, type Source } from "../../base/fair_queue.ts";
import { turn } from "../database/turn.ts";

/** A caller that waits for bytes. */
interface Waiter {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * Lends bytes up to a capacity. Callers that do not fit wait, in turns of their sources, and may cancel
 * waiting. A caller that asks for more than the capacity gets all of it.
 */
export class MemoryBudget {
  readonly #capacity: number;
  readonly #waiting = new FairQueue<Waiter>();
  /** The first in turn, for which too few bytes are free. */
  #next: Waiter | undefined = undefined;
  #taken = 0;

  constructor(capacity: number) {
    assert(capacity > 0, "a budget has bytes");
    this.#capacity = capacity;
  }

  /** Bytes that are lent. */
  get taken(): number {
    return this.#taken;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size + (this.#next === undefined ? 0 : 1);
  }

  /** Takes bytes if that many are free and nobody waits for some. */
  tryAcquire(bytes: number): boolean {
    if (this.waiting > 0 || !this.#fits(bytes)) return false;
    this.#taken += this.#counted(bytes);
    return true;
  }

  /** Resolves when the bytes are taken. Rejects with the signal's reason; then none are. */
  async acquire(bytes: number, signal?: AbortSignal, source: Source = ownSource): Promise<void> {
    await turn(signal, (admit) => {
      const waiter: Waiter = { bytes, admit };
      this.#waiting.push(waiter, source);
      this.#admit();
      return () => {
        if (this.#next === waiter) this.#next = undefined;
        else if (!this.#waiting.delete(waiter, source)) return false;
        // The next one may ask for fewer bytes.
        this.#admit();
        return true;
      };
    });
  }

  /** Gives bytes back: the same number as was acquired, once for each time. */
  release(bytes: number): void {
    this.#taken -= this.#counted(bytes);
    assert(this.#taken >= 0, "no more is released than was acquired");
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      this.#next ??= this.#waiting.shift();
      const waiter = this.#next;
      if (waiter === undefined || !this.#fits(waiter.bytes)) return;
      this.#next = undefined;
      this.#taken += this.#counted(waiter.bytes);
      waiter.admit();
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken + this.#counted(bytes) <= this.#capacity;
  }

  #counted(bytes: number): number {
    return Math.min(bytes, this.#capacity);
  }
}
