/**
 * How many rows of the database one client may write in a second.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";
import type { NostrEvent } from "../../nostr/event.ts";

/** Clients that are remembered at most. A forgotten one begins anew, as everybody does after a pause. */
const MAX_CLIENTS = 10_000;

/**
 * Bounds what clients have written. An event is a row, and each of its tags another one: without a bound
 * the database grows by many times of what was sent.
 */
export class RowRates {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #clients = new Map<string, TokenBucket>();

  constructor(rate: Rate, clock: Pick<Clock, "monotonicMs">) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes the rows of an event from what its client may write, or says that it may not for now. */
  admits(event: NostrEvent, client: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    let bucket = this.#clients.get(client);
    if (bucket === undefined) {
      if (this.#clients.size >= MAX_CLIENTS) this.#clients.clear();
      this.#clients.set(client, bucket = new TokenBucket(this.#rate, nowMs));
    }
    // An event that is larger than all that may come at once is let in when nothing else was.
    const rows = Math.min(1 + event.tags.length, this.#rate.burst);
    return bucket.tryTake(rows, nowMs);
  }
}
