/**
 * A store that answers from memory for its newest events.
 *
 * The window holds every event that is not older than its horizon. A filter whose limit is reached
 * within the window, or that asks for nothing older, never reaches the database; for any other filter
 * the database is asked only for events older than the horizon. Changes come through the feed, from
 * this instance and from others, so the window has an event before its OK; while the connection to
 * other instances is down, the database answers everything.
 *
 * @module
 */

import type { Timer } from "../../base/clock.ts";
import { deletionTargets } from "../../nostr/deletion_request.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { kindClass } from "../../nostr/kind.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import { isVisible } from "../../nostr/visibility.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import type {
  CountOptions,
  Erasure,
  EventFeed,
  EventRecord,
  FeedOptions,
  LateEvent,
  PoolStats,
  PutOutcome,
  QueryOptions,
  Rule,
  RuleChange,
  RuleLogEntry,
  StoredEvent,
  ToldRecord,
} from "../event_store.ts";
import { readRecord } from "../feed/feed_statements.ts";
import type { Place } from "../read/scan.ts";
import { PIECE_BYTES } from "../read/delivery.ts";
import { whenReady } from "../read/when_ready.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
import { isRequest, Tombstones } from "../write/tombstones.ts";
import type {
  Ability,
  AuditPage,
  DiskSpace,
  StoreSize,
  SurveyedEvent,
  TableSize,
  TidyStore,
} from "../write/upkeep.ts";
import { type Banned, bannedBy, changedBy, isBanned } from "./banned.ts";
import { LatelyDeleted } from "./lately_deleted.ts";
import { type HeldEvent, MAX_COST, pieceFrom, RecentEvents } from "./recent_events.ts";
import { inOrder } from "./timeline.ts";

/** How much is read at a time to fill the window, bytes: some milliseconds of the thread. */
const FILL_PIECE_BYTES = 131_072;

/** How many authors may wait for `#lookUp`. Beyond that the window is filled again. */
const MAX_DOUBTFUL = 1_000;

/** How many events older than the horizon the feed may tell while the window is filled. */
const MAX_TOLD = 10_000;

/**
 * The pause before the window is filled again, milliseconds: filling it costs as much as thousands of
 * queries.
 */
const REFILL_MS = 10_000;

/** Options of {@link WindowStore}. */
export interface WindowOptions {
  readonly maxBytes: number;
  readonly clock: StoreClock;
}

/** What the window answers. */
interface WindowAnswer {
  readonly events: readonly HeldEvent[];
  /** What is to be asked of the database, after these events; undefined if they are the whole answer. */
  readonly rest?: ReqFilter;
}

/** A run that fills the window, and what came through the feed meanwhile. */
interface Filling {
  /** The events that were told and are older than the horizon. */
  told: ToldRecord[];
  /** Ids of events that were removed: a page that was read before may have them. */
  readonly removed: Set<string>;
  /** Authors of whom a page may have deleted events: they are looked up again at the end. */
  readonly doubtful: Set<string>;
  /** The generation of {@link LatelyDeleted} when it began. */
  readonly generation: number;
  readonly end: AbortController;
}

/**
 * Puts a window before a store, and closes the store when it is closed.
 */
export class WindowStore implements TidyStore {
  readonly feed: EventFeed;
  readonly #inner: TidyStore;
  readonly #clock: WindowOptions["clock"];
  readonly #recent: RecentEvents;
  readonly #subscribers: ((events: readonly ToldRecord[]) => void)[] = [];
  #banned: Banned = { keys: new Set(), events: new Set() };
  #started: FeedOptions | undefined = undefined;
  #filling: Filling | undefined = undefined;
  readonly #deleted = new LatelyDeleted();
  /** Authors some of whose held events may have been deleted: `#lookUp` finds out. */
  readonly #doubtful = new Set<string>();
  #isLookingUp = false;
  #refill: Timer | undefined = undefined;
  #isClosed = false;

  constructor(inner: TidyStore, { maxBytes, clock }: WindowOptions) {
    this.#inner = inner;
    this.#clock = clock;
    this.#recent = new RecentEvents(maxBytes);
    // First, so that the window has what others are told.
    inner.feed.subscribe((records) => {
      for (const record of records) this.#take(record);
      for (const onEvents of this.#subscribers) onEvents(records);
    });
    this.feed = {
      subscribe: (onEvents) => void this.#subscribers.push(onEvents),
      start: (options) => this.#start(options),
      wasDelivered: (seq) => inner.feed.wasDelivered(seq),
      publishEphemeral: (record) => inner.feed.publishEphemeral(record),
      isShared: inner.feed.isShared,
      get isCurrent() {
        return inner.feed.isCurrent;
      },
    };
  }

  get stats(): PoolStats | undefined {
    return this.#inner.stats;
  }

  /** How many events the window holds, and since when it holds all, seconds since 1970. */
  get window(): { readonly events: number; readonly bytes: number; readonly horizon: number } {
    const { size: events, bytes, horizon } = this.#recent;
    return { events, bytes, horizon };
  }

  async put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    const outcomes = await this.#inner.put(batch);
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome === "deleted") this.#takeLate(batch[place]!.event);
    }
    return outcomes;
  }

  query(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    const answer = this.#answer(filters, options);
    options.onSource?.(answer === undefined ? "database" : answer.rest ? "both" : "memory");
    return answer === undefined ? this.#inner.query(filters, options) : this.#give(answer, options);
  }

  async *#give(
    { events, rest }: WindowAnswer,
    options: QueryOptions,
  ): AsyncGenerator<readonly StoredEvent[], void> {
    options.signal?.throwIfAborted();
    for (let at = 0; at < events.length;) {
      const waiting = whenReady(options);
      if (waiting !== undefined) await waiting;
      const piece = pieceFrom(events, at, options.pieceBytes?.() ?? PIECE_BYTES);
      at += piece.length;
      if (at === events.length && rest === undefined) options.onLast?.();
      yield piece;
    }
    if (rest !== undefined) yield* this.#inner.query([rest], options);
    options.signal?.throwIfAborted();
  }

  identify(
    filters: readonly ReqFilter[],
    options?: QueryOptions,
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]> {
    return this.#inner.identify(filters, options);
  }

  count(filters: readonly ReqFilter[], options: CountOptions): Promise<CountResult> {
    return this.#inner.count(filters, options);
  }

  reindex(options?: QueryOptions): AsyncIterable<number> {
    return this.#inner.reindex(options);
  }

  async rules(): Promise<readonly Rule[]> {
    const rules = await this.#inner.rules();
    this.#ban(bannedBy(rules));
    return rules;
  }

  async changeRules(
    changes: readonly RuleChange[],
    by: { readonly who: string; readonly atS: number },
  ): Promise<void> {
    await this.#inner.changeRules(changes, by);
    this.#ban(changedBy(changes, this.#banned));
  }

  ruleLog(limit: number): Promise<readonly RuleLogEntry[]> {
    return this.#inner.ruleLog(limit);
  }

  removeExpired(limit: number): Promise<number> {
    return this.#inner.removeExpired(limit);
  }

  survey(after: Place, limit: number): Promise<readonly SurveyedEvent[]> {
    return this.#inner.survey(after, limit);
  }

  probe(ability: Ability): Promise<void> {
    return this.#inner.probe(ability);
  }

  size(): Promise<StoreSize> {
    return this.#inner.size();
  }

  get disk(): DiskSpace | undefined {
    return this.#inner.disk;
  }

  async remove(ids: readonly string[]): Promise<number> {
    const removed = await this.#inner.remove(ids);
    for (const id of ids) {
      this.#recent.delete(id);
      this.#filling?.removed.add(id);
    }
    return removed;
  }

  audit(from: number, limit: number): Promise<AuditPage> {
    return this.#inner.audit(from, limit);
  }

  removeStrayTags(from: number, next: number | undefined): Promise<number> {
    return this.#inner.removeStrayTags(from, next);
  }

  tableSizes(): Promise<readonly TableSize[]> {
    return this.#inner.tableSizes();
  }

  erase(erasure: Erasure): Promise<number> {
    return this.#inner.erase(erasure);
  }

  restore(ids: readonly string[]): Promise<number> {
    return this.#inner.restore(ids);
  }

  fill<T>(work: () => Promise<T>): Promise<T> {
    return this.#inner.fill(work);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#refill?.cancel();
    this.#filling?.end.abort();
    await this.#inner.close();
  }

  /** The answer, and the filter to ask the database for the rest; undefined where it has to answer all. */
  #answer(
    filters: readonly ReqFilter[],
    { reader, includesBanned = false }: QueryOptions,
  ): WindowAnswer | undefined {
    if (this.#isClosed || !this.#inner.feed.isCurrent || includesBanned) return undefined;
    if (filters.some(({ search }) => search !== undefined)) return undefined;
    const now = nowS(this.#clock);
    const isShown = (held: HeldEvent) =>
      held.expiresAtS > now && !isBanned(this.#banned, held.event) &&
      (reader === undefined || isVisible(held.event, reader));
    const events = new Map<string, HeldEvent>();
    const budget = { left: MAX_COST };
    for (const filter of filters) {
      const found = this.#recent.find(filter, isShown, budget);
      if (found === undefined) return undefined;
      if (filters.length === 1) return this.#withRest(filter, found);
      if (!found.isWhole) return undefined;
      for (const held of found.events) events.set(held.id, held);
    }
    return { events: [...events.values()].sort(inOrder) };
  }

  #withRest(
    filter: ReqFilter,
    { events, isWhole }: { readonly events: readonly HeldEvent[]; readonly isWhole: boolean },
  ) {
    if (isWhole) return { events };
    const { horizon } = this.#recent;
    // Ids that are not here may be of any time.
    if (filter.ids !== undefined || horizon === Infinity) return undefined;
    const { limit, until = Infinity } = filter;
    const rest = {
      ...filter,
      until: Math.min(until, horizon - 1),
      ...limit !== undefined && { limit: limit - events.length },
    };
    return { events, rest };
  }

  /**
   * The database hid banned events while the window was filled, so the window lacks them. When a ban is
   * lifted, it is filled again.
   */
  #ban(banned: Banned): void {
    const { keys, events } = this.#banned;
    const isLifted = !keys.isSubsetOf(banned.keys) || !events.isSubsetOf(banned.events);
    this.#banned = banned;
    if (isLifted) this.#fillAgain();
  }

  /** Empties the window and fills it again after a pause; until then the database answers. */
  #fillAgain(): void {
    const options = this.#started;
    this.#filling?.end.abort();
    this.#filling = undefined;
    this.#recent.clear();
    if (this.#isClosed || options === undefined) return;
    this.#refill ??= options.clock.after(REFILL_MS, () => {
      this.#refill = undefined;
      void this.#fill(options);
    });
  }

  async #start(options: FeedOptions): Promise<void> {
    await this.#inner.feed.start({
      ...options,
      onLateEvent: (event) => event === undefined ? this.#fillAgain() : this.#takeLate(event),
      onErased: (erasure) => {
        this.#forgetErased(erasure);
        options.onErased?.(erasure);
      },
      onRestored: (ids) => {
        this.#deleted.restore(ids);
        options.onRestored?.(ids);
      },
    });
    this.#banned = bannedBy(await this.#inner.rules());
    this.#started = options;
    void this.#fill(options);
  }

  /** An event that has become visible, whoever stored it. */
  #take(record: ToldRecord): void {
    const { event } = record;
    if (kindClass(event.kind) === "ephemeral") return;
    if (isRequest(event)) this.#forgetCovered(event);
    // Another instance's events are told after they were read, and may have been deleted by then.
    if (this.#deleted.covers(event)) return this.#takeLate(event);
    // It may have been removed before and have come again.
    this.#filling?.removed.delete(event.id);
    if (event.created_at >= this.#recent.horizon) return this.#recent.add(record);
    // The window may have the version that it replaces.
    this.#recent.deleteOlder(event);
    this.#filling?.told.push(record);
  }

  /** A {@link LateEvent} was not stored: what it would have replaced or deleted is deleted. */
  #takeLate(event: LateEvent): void {
    if (isRequest(event)) return this.#forgetCovered(event);
    this.#recent.deleteOlder(event);
    this.#deleted.closeUpTo(event);
  }

  /** Removes what a request to delete or to vanish asks for. */
  #forgetCovered(request: LateEvent): void {
    this.#deleted.note(request);
    const tombstones = new Tombstones();
    tombstones.noteDeletion(request);
    const { ids, addresses } = deletionTargets(request);
    const theirs = request.kind === VANISH_REQUEST ? this.#recent.concerning(request.pubkey) : [];
    if (theirs === undefined) return this.#fillAgain();
    const named = [
      ...[...ids].map((id) => this.#recent.get(id)),
      ...addresses.map((address) => this.#recent.atAddress(address)),
      ...theirs,
    ];
    for (const held of named) {
      if (held === undefined || !tombstones.covers(held.event)) continue;
      this.#deleted.closeUpTo(held.event);
      this.#recent.delete(held.id);
    }
    if (this.#inner.feed.isShared && [...ids].some((id) => this.#recent.get(id) === undefined)) {
      this.#doubt(request.pubkey);
    }
  }

  /** Removes what the operator deleted. */
  #forgetErased({ ids, isRemembered }: Erasure): void {
    // What may come again cannot be kept out. It, or what it replaced, may have been read before, by the
    // feed or to fill the window.
    const isBeingRead = this.#inner.feed.isShared || this.#filling !== undefined;
    if (!isRemembered && isBeingRead) return this.#fillAgain();
    for (const id of ids) {
      const held = this.#recent.get(id);
      if (isRemembered) {
        this.#deleted.erase(id);
        if (held !== undefined) this.#deleted.closeUpTo(held.event);
      }
      this.#recent.delete(id);
      this.#filling?.removed.add(id);
    }
  }

  /**
   * An event that another instance stored and deleted before it could be read is never told. If it was a
   * newer version of an event that is held, that one has been replaced.
   */
  #doubt(pubkey: string): void {
    if (this.#doubtful.size >= MAX_DOUBTFUL) {
      this.#doubtful.clear();
      return this.#fillAgain();
    }
    this.#doubtful.add(pubkey);
    this.#filling?.doubtful.add(pubkey);
    if (!this.#isLookingUp) void this.#lookUp();
  }

  async #lookUp(): Promise<void> {
    this.#isLookingUp = true;
    try {
      for (const pubkey of this.#doubtful) {
        this.#doubtful.delete(pubkey);
        const ids = new Set(this.#recent.versionsOf(pubkey).map(({ id }) => id));
        if (ids.size === 0) continue;
        const stored = await Array.fromAsync(this.#inner.identify([{ ids, tags: new Map() }]));
        for (const { id } of stored.flat()) ids.delete(id);
        for (const id of ids) this.#recent.delete(id);
      }
    } catch {
      // The database is away.
      this.#fillAgain();
    } finally {
      this.#isLookingUp = false;
    }
  }

  /** Reads the newest events until the window is full, and again after a failure. */
  async #fill(options: FeedOptions): Promise<void> {
    const filling: Filling = {
      told: [],
      generation: this.#deleted.generation,
      removed: new Set(),
      doubtful: new Set(),
      end: new AbortController(),
    };
    this.#filling = filling;
    const { signal } = filling.end;
    try {
      const asked = { signal, pieceBytes: () => FILL_PIECE_BYTES };
      for await (const rows of this.#inner.query([{ tags: new Map() }], asked)) {
        if (signal.aborted) return;
        const isForgotten = this.#deleted.generation > filling.generation + 1;
        if (filling.told.length > MAX_TOLD || isForgotten) {
          throw new Error("too much is written meanwhile");
        }
        if (!this.#takePage(rows, filling)) return;
      }
      if (!signal.aborted) this.#lower(0, filling);
    } catch (error) {
      if (signal.aborted) return;
      options.log.warn("the newest events cannot be read yet", { error: String(error) });
      this.#fillAgain();
    } finally {
      if (this.#filling === filling) {
        this.#filling = undefined;
        for (const pubkey of filling.doubtful) this.#doubt(pubkey);
      }
    }
  }

  /** Adds a page of older events, and returns whether there is room for more. */
  #takePage(rows: readonly StoredEvent[], filling: Filling): boolean {
    for (const { event } of filling.told) {
      // A version that replaced older ones and is gone itself leaves none of them.
      if (this.#deleted.covers(event)) this.#takeLate(event);
    }
    const oldest = rows.at(-1)!.createdAt;
    for (const { id, json, seq } of rows) {
      const record = filling.removed.has(id) ? undefined : readRecord(json);
      if (record === undefined || this.#deleted.covers(record.event)) continue;
      this.#recent.add({ ...record, seq });
    }
    // The next page may have more events of the same second.
    this.#lower(oldest + 1, filling);
    return this.#recent.horizon <= oldest + 1;
  }

  /** Lowers the horizon, and adds the events that were told before and are not too old any more. */
  #lower(horizon: number, filling: Filling): void {
    const { told, removed } = filling;
    for (const record of told) {
      const { event } = record;
      // Those of the second before, too: the page may have a version of it that was replaced.
      if (event.created_at < horizon - 1 || removed.has(event.id)) continue;
      if (!this.#deleted.covers(event)) this.#recent.add(record);
    }
    this.#recent.lowerHorizon(horizon);
    filling.told = told.filter(({ event }) => event.created_at < this.#recent.horizon);
  }
}
