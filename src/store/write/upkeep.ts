/**
 * The port by which a store is kept tidy: in small steps, each of which holds nobody up.
 *
 * @module
 */

import type { EventStore, RuleStore } from "../event_store.ts";
import type { Place } from "../read/scan.ts";

/** What is looked at to decide whether an event is kept. */
export interface SurveyedEvent extends Place {
  readonly pubkey: string;
  readonly kind: number;
  /** Length of its JSON. */
  readonly bytes: number;
}

/** What a store offers to whoever keeps it tidy. Nothing here leaves a tombstone. */
export interface Upkeep {
  /**
   * Removes up to `limit` events that have expired, those that did so first, and says how many.
   *
   * @see NIP-40
   */
  removeExpired(limit: number): Promise<number>;
  /** The `limit` events that come after a place, in the order `created_at` descending, then `id`. */
  survey(after: Place, limit: number): Promise<readonly SurveyedEvent[]>;
  /** Removes the events with these ids and says how many it removed; others may have been faster. */
  remove(ids: readonly string[]): Promise<number>;
  /**
   * Runs `work`, which writes much, and gives its result. A store that is empty and from which nobody
   * serves may meanwhile leave undone what only queries need: these are slow until this resolves or
   * rejects.
   */
  fill<T>(work: () => Promise<T>): Promise<T>;
}

/** A store that is served from: somebody keeps it tidy. */
export interface TidyStore extends EventStore, Upkeep, RuleStore {}
