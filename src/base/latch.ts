/**
 * Something that happens once.
 *
 * @module
 */

import type { Source } from "./select.ts";

/**
 * A source that gives one value, once: shutdown, or the end of a connection. Tripping it again
 * changes nothing, the first value stands.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { Latch } from "./latch.ts";
 *
 * const ended = new Latch<"ended", string>("ended");
 * ended.trip("peer gone");
 * ended.trip("too late");
 * equal(ended.take(), "peer gone");
 * ```
 */
export class Latch<From extends string, T = void> implements Source<From, T> {
  readonly from: From;
  wake: (() => void) | undefined = undefined;
  #value: { readonly value: T } | undefined = undefined;
  #taken = false;

  constructor(from: From) {
    this.from = from;
  }

  get ready(): boolean {
    return this.#value !== undefined && !this.#taken;
  }

  /** Whether it has happened, taken or not. */
  get tripped(): boolean {
    return this.#value !== undefined;
  }

  /** It has happened. */
  trip(value: T): void {
    if (this.#value !== undefined) return;
    this.#value = { value };
    this.wake?.();
  }

  take(): T {
    this.#taken = true;
    return this.#value!.value;
  }
}
