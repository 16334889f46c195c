/**
 * Waits, ever longer, for a relay that asks for fewer requests.
 *
 * @see NIP-01 "rate-limited"
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { sleep } from "../base/sleep.ts";
import { RemoteRefusal } from "./remote_refusal.ts";

/** Options of {@link Patience}. */
export interface PatienceOptions {
  readonly clock: Clock;
  /** Spreads the attempts. */
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Called before each pause, with its length in milliseconds. */
  readonly onWait?: (pauseMs: number) => void;
}

/** The first pause, milliseconds. Each further one in a row is twice as long. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** After so many pauses in a row a request has failed: five minutes. */
const MAX_PAUSES = 10;

/** The pauses of one connection: all of its requests wait together. */
export class Patience {
  readonly #options: PatienceOptions;
  /** Pauses since a request last succeeded. */
  #pauses = 0;
  #pausing: Promise<void> | undefined;

  constructor(options: PatienceOptions) {
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
    const wholeMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses++);
    const [share = 0] = random.bytes(1);
    const pauseMs = Math.round(wholeMs * (0.5 + share / 510));
    onWait?.(pauseMs);
    await sleep(pauseMs, clock, signal);
  }
}
