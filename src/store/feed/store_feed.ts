/**
 * The feed with the methods that the store calls.
 *
 * @module
 */

import type { Session } from "../database/database.ts";
import type { EventFeed, LateEvent } from "../event_store.ts";
import type { NumberedRecord } from "./feed_statements.ts";

/** A feed and what the store reports to it. */
export interface StoreFeed extends EventFeed {
  /**
   * Called inside the transaction that stores `events` and was given `late` ones, before its commit.
   * Undefined where there is nothing to wait for.
   */
  announce(
    session: Session,
    events: readonly NumberedRecord[],
    late: readonly LateEvent[],
  ): Promise<unknown> | undefined;
  /** Called after the transaction that stored `events` has committed. */
  committed(events: readonly NumberedRecord[]): void;
  /** Called when the transaction that stores `events` has failed, as far as is known. */
  failed(events: readonly NumberedRecord[]): void;
  /** Stops listening. Idempotent. */
  close(): Promise<void>;
}
