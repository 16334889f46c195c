/**
 * A clock that moves only when a test moves it.
 *
 * @module
 */

import type { Clock, Timer } from "../../src/base/clock.ts";

interface Pending {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

/** Starts at a fixed day and fires timers, in order, only inside {@link advance}. */
export class FakeClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  readonly #pending = new Set<Pending>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  /** Pending timers; 0 when everything was cleaned up. */
  get timerCount(): number {
    return this.#pending.size;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add({ dueMs: this.#elapsedMs + delayMs, periodMs: undefined, callback });
  }

  every(periodMs: number, callback: () => void): Timer {
    return this.#add({ dueMs: this.#elapsedMs + periodMs, periodMs, callback });
  }

  /** Moves the clock by `ms` milliseconds. */
  advance(ms: number): void {
    const untilMs = this.#elapsedMs + ms;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#elapsedMs = next.dueMs;
      if (next.periodMs === undefined) this.#pending.delete(next);
      else next.dueMs += next.periodMs;
      next.callback();
    }
    this.#elapsedMs = untilMs;
  }

  #add(pending: Pending): Timer {
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  #next(untilMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueMs <= untilMs && (next === undefined || pending.dueMs < next.dueMs)) {
        next = pending;
      }
    }
    return next;
  }
}
