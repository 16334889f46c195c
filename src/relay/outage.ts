/**
 * Logs a lasting failure once when it begins and once when it ends.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** Keeps the log readable while every event and query fails for the same reason. */
export class Outage {
  readonly #what: string;
  readonly #log: Log;
  readonly #clock: Clock;
  #sinceMs: number | undefined = undefined;
  #failures = 0;
  /** When the last failure was, on the monotonic clock. */
  #lastMs = 0;
  /** When it worked last. */
  #workedMs = -Infinity;

  constructor(what: string, log: Log, clock: Clock) {
    this.#what = what;
    this.#log = log;
    this.#clock = clock;
  }

  /** Whether the last attempt failed. */
  get ongoing(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** Whether the last attempt failed, at most `periodMs` ago. */
  failedWithin(periodMs: number): boolean {
    return this.ongoing && this.#clock.monotonicMs() - this.#lastMs <= periodMs;
  }

  /** Whether an attempt worked, at most `periodMs` ago, and none failed since. */
  workedWithin(periodMs: number): boolean {
    return !this.ongoing && this.#clock.monotonicMs() - this.#workedMs <= periodMs;
  }

  failed(error: unknown): void {
    this.#failures++;
    this.#lastMs = this.#clock.monotonicMs();
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#log.error(`${this.#what} fails`, { error: describe(error) });
  }

  worked(): void {
    this.#workedMs = this.#clock.monotonicMs();
    if (this.#sinceMs === undefined) return;
    const lastedMs = Math.round(this.#clock.monotonicMs() - this.#sinceMs);
    this.#log.info(`${this.#what} works again`, { lastedMs, failures: this.#failures });
    this.#sinceMs = undefined;
    this.#failures = 0;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
