/**
 * Limits how long the database may work for one query.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { QueryTimedOut } from "../event_store.ts";

/**
 * The time for all statements of one query together. It runs while the database works, not while
 * the query waits for a connection, for memory or for the reader of its answer.
 */
export class TimeBudget {
  readonly #limitMs: number;
  readonly #clock: Pick<Clock, "monotonicMs" | "after">;
  #leftMs: number;

  constructor(limitMs: number, clock: Pick<Clock, "monotonicMs" | "after">) {
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#leftMs = limitMs;
  }

  /** How much of it the statements that have ended took, milliseconds. */
  get usedMs(): number {
    return this.#limitMs - this.#leftMs;
  }

  /**
   * Throws when the budget is used up, so that no further statement is started.
   *
   * @throws QueryTimedOut
   */
  check(): void {
    if (this.#leftMs <= 0) throw this.#overdue();
  }

  /**
   * Resolves as `work` does, which has begun already. If the budget is used up first, calls `stop`
   * and rejects with {@link QueryTimedOut}; the result of the work is then ignored.
   */
  async within<T>(work: Promise<T>, stop: () => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const startMs = this.#clock.monotonicMs();
    const timer = this.#clock.after(Math.max(0, this.#leftMs), () => {
      stop();
      reject(this.#overdue());
    });
    work.then(resolve, reject);
    try {
      return await promise;
    } finally {
      timer.cancel();
      this.#leftMs -= this.#clock.monotonicMs() - startMs;
    }
  }

  #overdue(): QueryTimedOut {
    return new QueryTimedOut(this.#limitMs);
  }
}
