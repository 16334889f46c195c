/**
 * Limits how many database rows each client may write per second.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Rate } from "../../base/token_bucket.ts";
import { type Buckets, type MakeBuckets, makeOwnBuckets } from "../../base/token_buckets.ts";
import type { NostrEvent } from "../../nostr/event.ts";

/**
 * A token bucket of rows for each client. An event takes one row and one more for each tag, so a
 * limit on bytes alone would let the database grow by a multiple of what was sent.
 */
export class RowRates {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #clients: Buckets;

  constructor(
    rate: Rate,
    clock: Pick<Clock, "monotonicMs">,
    makeBuckets: MakeBuckets = makeOwnBuckets,
  ) {
    this.#clients = makeBuckets("rows of a client", rate);
    this.#clock = clock;
  }

  /** Takes an event's rows from its client's bucket. False when they are not available. */
  admits(event: NostrEvent, client: string): boolean {
    // An event with more rows than the burst is admitted when the bucket is full.
    const rows = Math.min(1 + event.tags.length, this.#clients.burst);
    return this.#clients.tryTake(client, rows, this.#clock.monotonicMs());
  }
}
