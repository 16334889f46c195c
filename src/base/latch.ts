/**
 * An event that happens once, which a loop can wait for.
 *
 * @module
 */

import type { Selectable } from "./select.ts";

/**
 * A source that gives one value once, for shutdown or the end of a connection. Only the first call
 * of {@link trip} has an effect.
 */
export class Latch<From extends string, T = void> implements Selectable<From, T> {
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

  /** Whether it was tripped, even if the value has been taken. */
  get tripped(): boolean {
    return this.#value !== undefined;
  }

  /** Sets the value. */
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
