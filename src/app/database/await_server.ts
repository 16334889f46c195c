/**
 * Waits at the start for a database server that does not answer yet, as when both are started together.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { sleep } from "../../base/sleep.ts";
import { ServerAway } from "../../store/database/connect_fault.ts";

/** How long to wait, and where that is said. */
interface AwaitServerOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** The longest time to wait, milliseconds; 0 tries once. */
  readonly waitMs: number;
  /** Ends the waiting. */
  readonly stop: AbortSignal;
}

/** The first pause between two attempts, which doubles up to the second, milliseconds. */
const MIN_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5_000;

/**
 * Opens what needs the server, again and again while it does not answer. Rejects as `open` does with
 * anything else, and with the last {@link ServerAway} when the time is up or `stop` aborts.
 */
export async function awaitServer<T>(
  open: () => Promise<T>,
  { log, clock, waitMs, stop }: AwaitServerOptions,
): Promise<T> {
  const startMs = clock.monotonicMs();
  const waitedMs = () => Math.round(clock.monotonicMs() - startMs);
  for (let attempt = 0;; attempt++) {
    try {
      const opened = await open();
      if (attempt > 0) log.info("the database answers", { waitedMs: waitedMs() });
      return opened;
    } catch (error) {
      const leftMs = waitMs - waitedMs();
      if (!(error instanceof ServerAway) || leftMs <= 0 || stop.aborted) throw error;
      if (attempt === 0) {
        log.warn("waiting for the database", { reason: error.message, forAtMostMs: waitMs });
      }
      const pauseMs = Math.min(MIN_PAUSE_MS * 2 ** Math.min(attempt, 10), MAX_PAUSE_MS, leftMs);
      await sleep(pauseMs, clock, stop);
      if (stop.aborted) throw error;
    }
  }
}
