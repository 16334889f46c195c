/**
 * A bound on how many bytes many hold at once.
 *
 * @module
 */

import { assert } from "../base/assert.ts";

/** Somebody who waits for room. */
interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Lets in as many bytes as fit; the others wait in order, however few they are, and may give up waiting.
 * More than there is room for count as all of it.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { ByteRoom } from "./byte_room.ts";
 *
 * const room = new ByteRoom(100);
 * await room.enter(80);
 * let isIn = false;
 * const second = room.enter(30).then(() => isIn = true);
 * equal(isIn, false);
 * room.leave(80);
 * await second;
 * equal(room.taken, 30);
 * ```
 */
export class ByteRoom {
  readonly #capacity: number;
  /** In order of arrival; a set, so that who gives up leaves from the midst at no cost. */
  readonly #waiting = new Set<Waiter>();
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
    return this.#waiting.size;
  }

  /** Resolves when there is room. Rejects with the signal's reason, and then nothing is to be left. */
  async enter(bytes: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#waiting.size === 0 && this.#fits(bytes)) {
      this.#taken += this.#counted(bytes);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { bytes, enter: resolve };
    const giveUp = () => {
      this.#waiting.delete(waiter);
      // Whoever stood behind may be small enough.
      this.#admit();
      reject(signal?.reason);
    };
    this.#waiting.add(waiter);
    signal?.addEventListener("abort", giveUp);
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
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.bytes)) return;
      this.#waiting.delete(waiter);
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
