/**
 * Waits, ever longer, for a relay that asks for fewer requests.
 *
 * @see NIP-01 "rate-limited"
 * @module
 */

import { backOffMs } from "../base/back_off.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { sleep } from "../base/sleep.ts";
import { RemoteRefusal } from "./remote_refusal.ts";

interface RateLimitRetryOptions {
  readonly clock: Clock;
  /** Spreads the attempts. */
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Called before each pause, with its length in milliseconds. */
  readonly onWait?: (pauseMs: number) => void;
}

/** How pauses in a row grow. */
const PAUSES = { firstMs: 1_000, maxMs: 60_000 };

/** After so many pauses in a row a request has failed: five minutes. */
const MAX_PAUSES = 10;

/** The pauses of one connection: all of its requests wait together. */
export class RateLimitRetry {
  readonly #options: RateLimitRetryOptions;
  /** Pauses since a request last succeeded. */
  #pauses = 0;
  #pausing: Promise<void> | undefined;

  constructor(options: RateLimitRetryOptions) {
    this.#options = options;
  }

  /** Repeats `work` until it is not refused for its rate. Throws the refusal after many attempts. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0;; attempt++) {
      await this.#pausing;
      this.#options.signal.throwIfAborted();
      try {
        const result = await work();
        this.#pauses = 0;
        return result;
      } catch (error) {
        const isRateLimit = error instanceof RemoteRefusal && error.isRateLimit;
        if (!isRateLimit || attempt >= MAX_PAUSES) throw error;
        await this.pause();
      }
    }
  }

  /** Waits, together with others that were refused at the same time. */
  pause(): Promise<void> {
    this.#pausing ??= this.#pause().finally(() => this.#pausing = undefined);
    return this.#pausing;
  }

  async #pause(): Promise<void> {
    const { clock, random, signal, onWait } = this.#options;
    const pauseMs = Math.round(backOffMs(this.#pauses++, PAUSES, random));
    onWait?.(pauseMs);
    await sleep(pauseMs, clock, signal);
  }
}
