/**
 * How long the database may work for one query.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { QueryTimedOut } from "../event_store.ts";

/**
 * The time that the statements of one query have, all together. It runs while the database works and not
 * while the query waits: for a connection, for room, for who takes the answer.
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

  /**
   * Throws when all of it is spent: nothing more is to be begun.
   *
   * @throws QueryTimedOut
   */
  check(): void {
    if (this.#leftMs <= 0) throw this.#overdue();
  }

  /**
   * What `work` resolves to, which has begun. When the time is over first, calls `stop` and rejects with
   * {@link QueryTimedOut}; how the work ends is nobody's concern then.
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
