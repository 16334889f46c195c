/**
 * The feed with the methods that the store calls.
 *
 * @module
 */

import type { Session } from "../database/database.ts";
import type { Erasure, EventFeed, LateEvent } from "../event_store.ts";
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
  /**
   * Called inside the transaction that deletes events as the operator decided, before its commit. `late`
   * are those of them that had replaced older versions. Undefined where there is nothing to wait for.
   */
  announceErasure(
    session: Session,
    erasure: Erasure,
    late: readonly LateEvent[],
  ): Promise<unknown> | undefined;
  /** Called after that transaction has committed. */
  erased(erasure: Erasure): void;
  /** As {@link announceErasure}, for events that may come again. */
  announceRestored(session: Session, ids: readonly string[]): Promise<unknown> | undefined;
  /** Called after that transaction has committed. */
  restored(ids: readonly string[]): void;
  /** Called after the transaction that stored `events` has committed. */
  committed(events: readonly NumberedRecord[]): void;
  /** Called when the transaction that stores `events` has failed, as far as is known. */
  failed(events: readonly NumberedRecord[]): void;
  /** Stops listening. Idempotent. */
  close(): Promise<void>;
}
