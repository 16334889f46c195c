/**
 * Whether a server answers, as far as is known.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";

interface ServerStandingOptions {
  /** Logged when the server is away. */
  readonly lost: string;
  /** Logged when it is back. */
  readonly restored: string;
  /** The interval at which a server that is away is asked again, milliseconds. */
  readonly retryMs: number;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly log: Log;
}

/** Remembers that a server is away, so that not every query waits for it, and says so once. */
export class ServerStanding {
  readonly #options: ServerStandingOptions;
  #awaySinceMs: number | undefined = undefined;
  #askedMs = 0;

  constructor(options: ServerStandingOptions) {
    this.#options = options;
  }

  get isAway(): boolean {
    return this.#awaySinceMs !== undefined;
  }

  /** Whether the server is away and to be asked now. Then it is not due again for a while. */
  isDue(): boolean {
    if (!this.isAway) return false;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#askedMs < this.#options.retryMs) return false;
    this.#askedMs = nowMs;
    return true;
  }

  failed(why: string): void {
    const { clock, log, lost } = this.#options;
    if (this.isAway) return;
    this.#awaySinceMs = this.#askedMs = clock.monotonicMs();
    log.warn(lost, { error: why });
  }

  answered(): void {
    const { clock, log, restored } = this.#options;
    if (this.#awaySinceMs === undefined) return;
    const lastedMs = Math.round(clock.monotonicMs() - this.#awaySinceMs);
    this.#awaySinceMs = undefined;
    log.info(restored, { lastedMs });
  }
}
