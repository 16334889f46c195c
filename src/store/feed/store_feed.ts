/**
 * The feed as the store writes to it.
 *
 * @module
 */

import type { Database, ListeningDatabase, Session } from "../database/database.ts";
import type { EventFeed } from "../event_store.ts";
import type { NumberedRecord } from "./feed_statements.ts";
import { LocalFeed } from "./local_feed.ts";
import { SharedFeed } from "./shared_feed.ts";

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

/**
 * The feed that fits a database: shared where other processes may write, else local.
 */
export function feedOf(database: Database): StoreFeed {
  return canListen(database) ? new SharedFeed(database) : new LocalFeed();
}

function canListen(database: Database): database is ListeningDatabase {
  return "listen" in database;
}
