/**
 * The feed as the store writes to it.
 *
 * @module
 */

import type { Session } from "../database/database.ts";
import type { EventFeed } from "../event_store.ts";
import type { NumberedRecord } from "./feed_statements.ts";

/** A feed together with what the store tells it. */
export interface StoreFeed extends EventFeed {
  /** To be called inside the transaction that stores `events`, before its commit. */
  announce(session: Session, events: readonly NumberedRecord[]): Promise<void>;
  /** The transaction that stored `events` has committed. */
  committed(events: readonly NumberedRecord[]): void;
  /** The transaction that was to store `events` has failed, as far as is known. */
  failed(events: readonly NumberedRecord[]): void;
  /** Stops hearing others. Idempotent. */
  close(): Promise<void>;
}
