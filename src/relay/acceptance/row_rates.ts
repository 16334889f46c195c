/**
 * Limits how many database rows each client may write per second.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { type Rate, TokenBucket } from "../../base/token_bucket.ts";
import type { NostrEvent } from "../../nostr/event.ts";

/**
 * When more clients than this are known, all buckets are dropped. A client then starts with a full
 * one, as after a pause.
 */
const MAX_CLIENTS = 10_000;

/**
 * A token bucket of rows for each client. An event takes one row and one more for each tag, so a
 * limit on bytes alone would let the database grow by a multiple of what was sent.
 */
export class RowRates {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #clients = new Map<string, TokenBucket>();

  constructor(rate: Rate, clock: Pick<Clock, "monotonicMs">) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes an event's rows from its client's bucket. False when they are not available. */
  admits(event: NostrEvent, client: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    let bucket = this.#clients.get(client);
    if (bucket === undefined) {
      if (this.#clients.size >= MAX_CLIENTS) this.#clients.clear();
      this.#clients.set(client, bucket = new TokenBucket(this.#rate, nowMs));
    }
    // An event with more rows than the burst is admitted when the bucket is full.
    const rows = Math.min(1 + event.tags.length, this.#rate.burst);
    return bucket.tryTake(rows, nowMs);
  }
}
