/**
 * Holds events back while those before them have not reached their listeners.
 *
 * @module
 */

import { FairQueue, type Source } from "../../base/fair_queue.ts";

/**
 * So many events may be on their way to listeners before more have to wait. Mostly there is none: an event
 * waits for others where tens of thousands of filters are to be compared with each.
 */
const MAX_BACKLOG = 256;

/**
 * Lets clients publish in turns, as fast as events are delivered: what was stored and not delivered yet is
 * in memory, and its number has no other bound.
 */
export class DeliveryGate {
  readonly #backlog: () => number;
  readonly #waiting = new FairQueue<() => void>();
  /** Those that have waited and are not done yet. */
  #inside = 0;

  /** @param backlog how many events have not reached all of their listeners */
  constructor(backlog: () => number) {
    this.#backlog = backlog;
  }

  /** Waits for room, in turns of sources; undefined where there is. Whoever has waited {@link leave}s. */
  enter(source: Source): Promise<void> | undefined {
    if (this.#waiting.size === 0 && this.#backlog() < MAX_BACKLOG) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve, source);
    return promise;
  }

  /** An event that has waited is on its way to its listeners, or was refused. */
  leave(): void {
    this.#inside--;
    this.advance();
  }

  /** To be called whenever the backlog has become shorter. */
  advance(): void {
    while (this.#waiting.size > 0 && this.#inside + this.#backlog() < MAX_BACKLOG) {
      this.#inside++;
      this.#waiting.shift()!();
    }
  }
}
