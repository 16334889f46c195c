/**
 * A run that fills the window with what the database has, newest first, while events come through the
 * feed.
 *
 * @module
 */

import { readRecord } from "../feed/feed_statements.ts";
import type { LateEvent, StoredEvent, ToldRecord } from "../event_store.ts";
import type { LatelyDeleted } from "./lately_deleted.ts";
import type { RecentEvents } from "./recent_events.ts";

/**
 * How many events older than the horizon the feed may tell while the window is filled, and how long their
 * JSON may be together, bytes.
 */
const MAX_TOLD = 10_000;
const MAX_TOLD_BYTES = 16_777_216;

interface FillingContext {
  readonly recent: RecentEvents;
  readonly deleted: LatelyDeleted;
  /** Adds an event, if readers may be shown it. */
  readonly add: (record: ToldRecord) => void;
  /** Removes what an event takes with it that was deleted itself. */
  readonly takeLate: (event: LateEvent) => void;
}

/** Adds pages of older and older events, and lowers the horizon of the window with each. */
export class Filling {
  /** Authors of whom a page may have deleted events: they are looked up again at the end. */
  readonly doubtful = new Set<string>();
  readonly #context: FillingContext;
  readonly #end = new AbortController();
  /** The generation of {@link LatelyDeleted} when it began. */
  readonly #generation: number;
  /** Ids of events that were removed: a page that was read before may have them. */
  readonly #removed = new Set<string>();
  /** The events that were told and are older than the horizon. */
  #told: ToldRecord[] = [];
  #toldBytes = 0;

  constructor(context: FillingContext) {
    this.#context = context;
    this.#generation = context.deleted.generation;
  }

  /** Aborted by {@link end}. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Stops: what is still read must not be added. */
  end(): void {
    this.#end.abort();
  }

  /** Whether more has happened meanwhile than could be noted. */
  get isOvertaken(): boolean {
    const { generation } = this.#context.deleted;
    return this.#hasTooManyTold || generation > this.#generation + 1;
  }

  get #hasTooManyTold(): boolean {
    return this.#told.length > MAX_TOLD || this.#toldBytes > MAX_TOLD_BYTES;
  }

  /** Notes an event that came through the feed and is older than the horizon. */
  tell(record: ToldRecord): void {
    // Once there are too many, this run adds nothing more.
    if (this.#hasTooManyTold) return;
    this.#told.push(record);
    this.#toldBytes += record.json.length;
  }

  /** Notes that an event was removed. */
  remove(id: string): void {
    this.#removed.add(id);
  }

  /** Notes that an event is stored, whether it was removed before or not. */
  readmit(id: string): void {
    this.#removed.delete(id);
  }

  /** Adds a page of older events, and returns whether there is room for more. */
  takePage(rows: readonly StoredEvent[]): boolean {
    const { recent, deleted, add, takeLate } = this.#context;
    for (const { event } of this.#told) {
      // A version that replaced older ones and is gone itself leaves none of them.
      if (deleted.covers(event)) takeLate(event);
    }
    const oldest = rows.at(-1)!.createdAt;
    for (const { id, json, seq } of rows) {
      // Each event may have the window emptied and filled again.
      if (this.signal.aborted) return false;
      const record = this.#removed.has(id) ? undefined : readRecord(json);
      if (record === undefined || deleted.covers(record.event)) continue;
      add({ ...record, seq });
    }
    // The next page may have more events of the same second.
    this.lower(oldest + 1);
    return !this.signal.aborted && recent.horizon <= oldest + 1;
  }

  /** Lowers the horizon, and adds the events that were told before and are not too old any more. */
  lower(horizon: number): void {
    const { recent, deleted, add } = this.#context;
    for (const record of this.#told) {
      const { event } = record;
      if (this.signal.aborted) return;
      // Those of the second before, too: the page may have a version of it that was replaced.
      if (event.created_at < horizon - 1 || this.#removed.has(event.id)) continue;
      if (!deleted.covers(event)) add(record);
    }
    if (this.signal.aborted) return;
    recent.lowerHorizon(horizon);
    this.#told = this.#told.filter(({ event }) => event.created_at < recent.horizon);
    this.#toldBytes = this.#told.reduce((sum, { json }) => sum + json.length, 0);
  }
}
