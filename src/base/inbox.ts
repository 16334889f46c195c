/**
 * A bounded queue that an event loop can wait for, see `select.ts`.
 *
 * @module
 */

import { assert } from "./assert.ts";
import type { Selectable } from "./select.ts";

/**
 * Collects what arrives between two rounds of a loop and gives it as one batch, in order.
 * {@link push} refuses what does not fit, and its caller decides whether to wait, to stop reading, or to
 * end a connection.
 */
export class Inbox<From extends string, T> implements Selectable<From, readonly T[]> {
  readonly from: From;
  /** The most items that may wait. */
  readonly capacity: number;
  wake: (() => void) | undefined = undefined;
  #items: T[] = [];
  #held = false;

  constructor(from: From, capacity: number) {
    assert(capacity > 0, "an inbox holds at least one item");
    this.from = from;
    this.capacity = capacity;
  }

  /** How many items wait. */
  get length(): number {
    return this.#items.length;
  }

  get ready(): boolean {
    return !this.#held && this.#items.length > 0;
  }

  /** Adds an item; false when the inbox is full and the item was not added. */
  push(item: T): boolean {
    if (this.#items.length >= this.capacity) return false;
    this.#items.push(item);
    if (!this.#held) this.wake?.();
    return true;
  }

  /** Takes all waiting items, oldest first. */
  take(): readonly T[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** Withholds the items from the loop until {@link release}, for backpressure. */
  hold(): void {
    this.#held = true;
  }

  /** Ends {@link hold}. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.#items.length > 0) this.wake?.();
  }
}
