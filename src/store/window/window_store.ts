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

import type { Random } from "../../base/random.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import type {
  Answer,
  AnswerSource,
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
  Slices,
  StoredEvent,
  ToldRecord,
} from "../event_store.ts";
import type { Place } from "../read/scan.ts";
import { PIECE_BYTES } from "../read/delivery.ts";
import { whenReady } from "../read/when_ready.ts";
import type { StoreClock } from "../store_clock.ts";
import type { StoreState } from "../write/store_state.ts";
import type {
  Ability,
  AuditPage,
  DiskSpace,
  StoreSize,
  SurveyedEvent,
  TableSize,
  TidyStore,
} from "../write/upkeep.ts";
import { AskedAddresses } from "./asked_addresses.ts";
import { RecentEvents } from "./recent_events.ts";
import { WaitingRows } from "./waiting_rows.ts";
import { type Rest, type WindowAnswer, WindowAnswers } from "./window_answers.ts";
import { WindowKeeper } from "./window_keeper.ts";

/** The share of the memory for {@link AskedAddresses}. */
const ASKED_SHARE = 1 / 8;

interface WindowOptions {
  readonly maxBytes: number;
  readonly clock: StoreClock;
  /** For hashes that nobody can foresee. */
  readonly random: Random;
}

/** Puts a window before a store, and closes the store when it is closed. */
export class WindowStore implements TidyStore {
  readonly feed: EventFeed;
  readonly #inner: TidyStore;
  readonly #recent: RecentEvents;
  readonly #answers: WindowAnswers;
  readonly #keeper: WindowKeeper;
  readonly #subscribers: ((events: readonly ToldRecord[]) => void)[] = [];

  constructor(inner: TidyStore, { maxBytes, clock, random }: WindowOptions) {
    this.#inner = inner;
    const asked = new AskedAddresses(ASKED_SHARE * maxBytes);
    this.#recent = new RecentEvents((1 - ASKED_SHARE) * maxBytes, random);
    this.#answers = new WindowAnswers(this.#recent, asked, clock);
    this.#keeper = new WindowKeeper(inner, { recent: this.#recent, asked, clock });
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

  /** Whether the window knows of every change, and may be asked. It holds nothing that is banned. */
  #canAnswer({ includesBanned = false }: QueryOptions): boolean {
    const { feed } = this.#inner;
    return !this.#keeper.isClosed && feed.isCurrent && !includesBanned &&
      feed.catchUp?.() !== false;
  }

  get stats(): PoolStats | undefined {
    return this.#inner.stats;
  }

  get slices(): Slices | undefined {
    return this.#inner.slices;
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
  ): Answer {
    const answer = this.#canAnswer(options)
      ? this.#answers.find(filters, options.reader)
      : undefined;
    options.onSource?.(sourceOf(answer));
    if (answer === undefined) return this.#inner.query(filters, options);
    const { rest } = answer;
    let rows = answer.rows;
    return {
      whole: () => rest === undefined && areOnePiece(rows, options) ? rows : undefined,
      [Symbol.asyncIterator]: () => {
        const waiting = new WaitingRows(rows);
        // Whoever iterates may hold the answer for long, and the objects that were packed with it.
        rows = [];
        return this.#give(waiting, rest, options);
      },
    };
  }

  async *#give(
    rows: WaitingRows,
    rest: Rest | undefined,
    options: QueryOptions,
  ): AsyncGenerator<readonly StoredEvent[], void> {
    options.signal?.throwIfAborted();
    while (!rows.isEmpty) {
      const waiting = whenReady(options);
      if (waiting !== undefined) await waiting;
      const piece = rows.take(pieceBytesOf(options));
      if (rows.isEmpty && rest === undefined) options.onLast?.();
      yield piece;
    }
    if (rest !== undefined) yield* this.#ask(rest, options);
    options.signal?.throwIfAborted();
  }

  async *#ask(
    { filter, lesson }: Rest,
    options: QueryOptions,
  ): AsyncGenerator<readonly StoredEvent[], void> {
    const onLeftOut = () => {
      lesson?.spoil();
      options.onLeftOut?.();
    };
    for await (const rows of this.#inner.query([filter], { ...options, onLeftOut })) {
      lesson?.take(rows);
      yield rows;
    }
    options.signal?.throwIfAborted();
    lesson?.end();
  }

  identify(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]> {
    const answer = this.#canAnswer(options)
      ? this.#answers.identify(filters, options.reader)
      : undefined;
    options.onSource?.(sourceOf(answer));
    return answer === undefined
      ? this.#inner.identify(filters, options)
      : this.#name(answer, options);
  }

  async *#name(
    { rows, rest }: WindowAnswer<Pick<StoredEvent, "id" | "createdAt">>,
    options: QueryOptions,
  ): AsyncGenerator<readonly Pick<StoredEvent, "id" | "createdAt">[], void> {
    options.signal?.throwIfAborted();
    const waiting = whenReady(options);
    if (waiting !== undefined) await waiting;
    if (rows.length > 0) yield rows;
    if (rest !== undefined) yield* this.#inner.identify([rest.filter], options);
    options.signal?.throwIfAborted();
  }

  count(filters: readonly ReqFilter[], options: CountOptions): Promise<CountResult> {
    const isAnswered = this.#canAnswer(options) && options.signal?.aborted !== true;
    const counted = isAnswered ? this.#answers.count(filters, options) : undefined;
    options.onSource?.(counted === undefined ? "database" : "memory");
    return counted === undefined ? this.#inner.count(filters, options) : Promise.resolve(counted);
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

  get state(): StoreState | undefined {
    return this.#inner.state;
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

  async rewrite(id: string, record: EventRecord): Promise<PutOutcome | undefined> {
    const outcome = await this.#inner.rewrite(id, record);
    if (outcome === "deleted") this.#keeper.takeLate(record.event);
    return outcome;
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
}

function sourceOf(answer: WindowAnswer<unknown> | undefined): AnswerSource {
  return answer === undefined ? "database" : answer.rest ? "both" : "memory";
}

function pieceBytesOf({ pieceBytes }: QueryOptions): number {
  return pieceBytes?.() ?? PIECE_BYTES;
}

function areOnePiece(rows: readonly StoredEvent[], options: QueryOptions): boolean {
  let room = pieceBytesOf(options);
  for (const { json } of rows) room -= json.length;
  return room >= 0;
}
