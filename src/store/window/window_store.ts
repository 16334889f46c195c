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

import type { ReqFilter } from "../../nostr/filter.ts";
import { isVisible } from "../../nostr/visibility.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import type {
  CountOptions,
  Erasure,
  EventFeed,
  EventRecord,
  PoolStats,
  PutOutcome,
  QueryOptions,
  Rule,
  RuleChange,
  RuleLogEntry,
  StoredEvent,
  ToldRecord,
} from "../event_store.ts";
import type { Place } from "../read/scan.ts";
import { PIECE_BYTES } from "../read/delivery.ts";
import { whenReady } from "../read/when_ready.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
import type {
  Ability,
  AuditPage,
  DiskSpace,
  StoreSize,
  SurveyedEvent,
  TableSize,
  TidyStore,
} from "../write/upkeep.ts";
import { isBanned } from "./banned.ts";
import { type HeldEvent, MAX_COST, pieceFrom, RecentEvents } from "./recent_events.ts";
import { inOrder } from "./timeline.ts";
import { WindowKeeper } from "./window_keeper.ts";

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

/**
 * Puts a window before a store, and closes the store when it is closed.
 */
export class WindowStore implements TidyStore {
  readonly feed: EventFeed;
  readonly #inner: TidyStore;
  readonly #clock: WindowOptions["clock"];
  readonly #recent: RecentEvents;
  readonly #keeper: WindowKeeper;
  readonly #subscribers: ((events: readonly ToldRecord[]) => void)[] = [];

  constructor(inner: TidyStore, { maxBytes, clock }: WindowOptions) {
    this.#inner = inner;
    this.#clock = clock;
    this.#recent = new RecentEvents(maxBytes);
    this.#keeper = new WindowKeeper(inner, this.#recent);
    // First, so that the window has what others are told.
    inner.feed.subscribe((records) => {
      for (const record of records) this.#keeper.take(record);
      for (const onEvents of this.#subscribers) onEvents(records);
    });
    this.feed = {
      subscribe: (onEvents) => void this.#subscribers.push(onEvents),
      start: (options) => this.#keeper.start(options),
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
      if (outcome === "deleted") this.#keeper.takeLate(batch[place]!.event);
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
    this.#keeper.takeRules(rules);
    return rules;
  }

  async changeRules(
    changes: readonly RuleChange[],
    by: { readonly who: string; readonly atS: number },
  ): Promise<void> {
    await this.#inner.changeRules(changes, by);
    this.#keeper.takeRuleChanges(changes);
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
    this.#keeper.remove(ids);
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
    this.#keeper.close();
    await this.#inner.close();
  }

  /** The answer, and the filter to ask the database for the rest; undefined where it has to answer all. */
  #answer(
    filters: readonly ReqFilter[],
    { reader, includesBanned = false }: QueryOptions,
  ): WindowAnswer | undefined {
    if (this.#keeper.isClosed || !this.#inner.feed.isCurrent || includesBanned) return undefined;
    if (filters.some(({ search }) => search !== undefined)) return undefined;
    const now = nowS(this.#clock);
    const { banned } = this.#keeper;
    const isShown = ({ event, expiresAtS }: HeldEvent) =>
      expiresAtS > now && !isBanned(banned, event) &&
      (reader === undefined || isVisible(event, reader));
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
}
