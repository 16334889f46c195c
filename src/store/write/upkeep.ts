/**
 * The interface for maintenance of a store. It works in small steps, so that none of them delays
 * other work.
 *
 * @module
 */

import type { Erasure, EventRecord, EventStore, PutOutcome, RuleStore } from "../event_store.ts";
import type { Place } from "../read/scan.ts";
import type { StoreState } from "./store_state.ts";

/** The fields that decide whether an event is kept. */
export interface SurveyedEvent extends Place {
  readonly pubkey: string;
  readonly kind: number;
  /** The length of its JSON. */
  readonly bytes: number;
}

/** How much a store holds. */
export interface StoreSize {
  /** How many events; a database estimates it. */
  readonly events: number;
  /** What they take, indexes included. */
  readonly bytes: number;
}

/** The space left on the disk of an embedded database. */
export interface DiskSpace {
  /** Undefined where the system does not say. */
  readonly freeBytes: number | undefined;
  /** With less than this, nothing is written. */
  readonly minFreeBytes: number;
  /** Why nothing may be written at present; undefined when there is space enough. */
  readonly fault: string | undefined;
}

/** What a store can do, see {@link Upkeep.probe}. */
export type Ability = "read" | "write";

/** A stored event, and what of its row disagrees with it. */
export interface AuditedEvent {
  /** Of its row. */
  readonly id: string;
  /** As it is stored; it may be no event. */
  readonly json: Uint8Array;
  /** Columns that are not what the event's JSON says; `tags` for its rows there. */
  readonly faults: readonly string[];
}

/** Some of the rows of a store. */
export interface AuditPage {
  readonly events: readonly AuditedEvent[];
  /** Rows of tags between these events and those before that belong to no event. */
  readonly strayTags: number;
  /** Where the next page begins; undefined after the last. */
  readonly next: number | undefined;
}

/** How much room a table takes, bytes. */
export interface TableSize {
  readonly table: string;
  readonly bytes: number;
  /** Of its indexes, which are not part of {@link bytes}. */
  readonly indexBytes: number;
}

/** What a store offers for maintenance. Only {@link Upkeep.erase} leaves tombstones. */
export interface Upkeep {
  /**
   * How many events may be put at once without holding up those whom the store's relay serves. Default: any
   * number, because it serves nobody or is told of them a few at a time.
   */
  readonly maxBatchEvents?: number;
  /**
   * Removes up to `limit` expired events, those that expired first, and returns how many.
   *
   * @see NIP-40
   */
  removeExpired(limit: number): Promise<number>;
  /** The `limit` events after a place in the order `created_at` descending, then `id`. */
  survey(after: Place, limit: number): Promise<readonly SurveyedEvent[]>;
  /** The `limit` events from a place on, each compared with its row. Ids and signatures are not checked. */
  audit(from: number, limit: number): Promise<AuditPage>;
  /** Removes what {@link AuditPage.strayTags} counted on the page that began at `from`, and says how many. */
  removeStrayTags(from: number, next: number | undefined): Promise<number>;
  /**
   * Deletes the row that {@link AuditedEvent.id} names and stores its event anew, in one transaction, so
   * that an event is never lost between the two. Returns what became of it; undefined, and stores nothing,
   * if the row is not there any more. Rejects as {@link EventStore.put} does.
   */
  rewrite(id: string, record: EventRecord): Promise<PutOutcome | undefined>;
  /** The tables, the largest first. None in memory. */
  tableSizes(): Promise<readonly TableSize[]>;
  /** Removes the events with these ids and returns how many were still there. */
  remove(ids: readonly string[]): Promise<number>;
  /**
   * Deletes these events as the operator decided, tells every process on this database, and returns how
   * many were there. If the deletion is remembered, the events and older versions of them are refused
   * from then on; deletion and vanish requests, too, but what they asked for stays deleted.
   */
  erase(erasure: Erasure): Promise<number>;
  /**
   * Forgets that {@link erase} deleted these events, so that they may be stored again, tells every process
   * on this database, and returns of how many it was remembered. What their authors deleted stays so.
   */
  restore(ids: readonly string[]): Promise<number>;
  /**
   * Runs `work`, which writes many events, and returns its result. A store that is empty and serves
   * no one may defer the indexes that only queries use; queries are then slow until this settles.
   */
  fill<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Finds out whether events can be read, or stored: looks at one, or commits a record that changes
   * nothing. Rejects as {@link EventStore.put} does.
   */
  probe(ability: Ability): Promise<void>;
  /** How much it holds. Rejects with `StoreUnavailable`. */
  size(): Promise<StoreSize>;
  /** The disk of an embedded database; undefined for any other. */
  readonly disk?: DiskSpace | undefined;
  /** All that it holds, to be backed up; undefined in memory. */
  readonly state?: StoreState | undefined;
}

/** A store with maintenance, as a relay needs it. */
export interface TidyStore extends EventStore, Upkeep, RuleStore {}
