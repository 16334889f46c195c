/**
 * Reads events from a database: plans a query, asks for its rows and delivers the events.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import type { HashText } from "../../nostr/event_id.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { CountResult } from "../../nostr/relay_message.ts";
import type { Database } from "../database/database.ts";
import { TimeBudget } from "../database/time_budget.ts";
import type { CountOptions, QueryOptions, StoredEvent } from "../event_store.ts";
import { searchEvents } from "../search/search_events.ts";
import { candidatesFor, DEFAULT_SEARCH_CANDIDATES } from "../search/search_walk.ts";
import { Statistics } from "../search/word_shares.ts";
import { nowS, type StoreClock } from "../store_clock.ts";
import { bodiesStatement, NO_BODY } from "./body_statement.ts";
import { countEvents } from "./count.ts";
import { deliver } from "./delivery.ts";
import { MemoryBudget } from "./memory_budget.ts";
import { OneByOne } from "./one_by_one.ts";
import { type BannedLists, type Plan, plansOf, type WordPlan, wordPlanOf } from "./plan.ts";
import { databaseWork } from "./plan_text.ts";
import { isLight, isShort } from "./query_size.ts";
import {
  type Answer,
  askInTurn,
  askTogether,
  type Bounds,
  merged,
  noQuestion,
  PAGE_EVENTS,
  type Question,
  type Step,
} from "./question.ts";
import { recentFirst, recentOf, recentStatement } from "./recent_statement.ts";
import { scan } from "./scan.ts";
import { selectStatement } from "./select_statement.ts";

/** Options of {@link SqlReader}. */
export interface SqlReaderOptions {
  /** For expiration and the time limits of queries. */
  readonly clock: StoreClock;
  /** How many of the newest events that a search finds are compared at most. */
  readonly searchCandidates?: number;
  /** How much JSON may be in memory that was fetched and not taken yet, bytes. Default 64 MiB. */
  readonly maxFetchedBytes?: number;
}

/** Bounds of which it is known where the statements go. */
type PlacedBounds = Bounds & Required<Pick<Bounds, "database">>;

/** How many events are listed at once where their JSON is not read: some milliseconds of the database. */
const IDENTIFY_PAGE_EVENTS = 5_000;

/** The share of the bytes that may be fetched which is reserved for queries that read little. */
const LIGHT_BUDGET_SHARE = 0.25;

/**
 * The part of `SqlStore` that answers queries and counts. All queries share its memory.
 *
 * @see NIP-01
 */
export class SqlReader {
  readonly #database: Database;
  readonly #hashText: HashText;
  readonly #searchCandidates: number;
  readonly #statistics: Statistics;
  /** For queries that read little: they never wait for the others. */
  readonly #lightBudget: MemoryBudget;
  readonly #heavyBudget: MemoryBudget;
  readonly #clock: StoreClock;
  /** Which lists of bans have entries. */
  banned: BannedLists = { keys: false, events: false };

  constructor(database: Database, hashText: HashText, options: SqlReaderOptions) {
    this.#database = database;
    this.#hashText = hashText;
    this.#searchCandidates = options.searchCandidates ?? DEFAULT_SEARCH_CANDIDATES;
    const bytes = options.maxFetchedBytes ?? 64 * 1_048_576;
    this.#lightBudget = new MemoryBudget(LIGHT_BUDGET_SHARE * bytes);
    this.#heavyBudget = new MemoryBudget((1 - LIGHT_BUDGET_SHARE) * bytes);
    this.#clock = options.clock;
    this.#statistics = new Statistics(this.#clock);
  }

  /** @see EventStore.query */
  query(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    const questions = filters.map((filter) => this.#question(filter, options));
    const isSearch = filters.some(({ search }) => search !== undefined);
    const isSmall = isLight(questions.flatMap(({ parts }) => parts));
    const bounds = this.#bounds(options, isSmall);
    const memory = isSmall ? this.#lightBudget : this.#heavyBudget;
    options.onWork?.(databaseWork(filters, this.#hashText, bounds.timeBudget));
    const { database } = bounds;
    const { found, leaseBytes } = (isSearch ? askInTurn : askTogether)(questions, bounds);
    const bodiesOf = (ids: readonly string[]) =>
      database.query(bodiesStatement(ids), { ...bounds, isShort: true });
    return deliver(found, { ...options, memory, leaseBytes, bodiesOf });
  }

  /** @see EventStore.identify */
  async *identify(
    filters: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly Pick<StoredEvent, "id" | "createdAt">[]> {
    assert(filters.every(({ search }) => search === undefined), "ids are listed by time");
    const questions = filters.map((filter) => this.#question(filter, options));
    const bounds = this.#bounds(options, false);
    options.onWork?.(databaseWork(filters, this.#hashText, bounds.timeBudget));
    const step = {
      ...bounds,
      mostBytes: NO_BODY,
      pageEvents: IDENTIFY_PAGE_EVENTS,
    };
    for await (const { events } of merged(questions.map(({ ask }) => ask(step)))) yield events;
    options.signal?.throwIfAborted();
  }

  /** @see EventStore.count */
  count(filters: readonly ReqFilter[], options: CountOptions): Promise<CountResult> {
    const bounds = this.#bounds(options, false);
    options.onWork?.(databaseWork(filters, this.#hashText, bounds.timeBudget));
    return countEvents(filters, {
      ...options,
      ...bounds,
      hashText: this.#hashText,
      nowS: nowS(this.#clock),
      banned: this.#bannedFor(options),
      statistics: this.#statistics,
    });
  }

  #bounds({ signal, timeoutMs, source }: QueryOptions, isLight: boolean): PlacedBounds {
    const timeBudget = timeoutMs === undefined ? undefined : new TimeBudget(timeoutMs, this.#clock);
    const database = new OneByOne({ database: this.#database, source, isLight });
    return { signal, timeBudget, database };
  }

  #question(filter: ReqFilter, options: QueryOptions): Question {
    const asking = {
      nowS: nowS(this.#clock),
      reader: options.reader,
      banned: this.#bannedFor(options),
    };
    if (filter.search !== undefined) {
      const plan = wordPlanOf(filter, this.#hashText, asking);
      return plan === undefined ? noQuestion : {
        parts: [plan],
        ask: (step) => this.#search(plan, step),
      };
    }
    const plans = plansOf(filter, this.#hashText, asking);
    return {
      parts: plans,
      ask: (step) => merged(plans.map((plan) => this.#answerPlan(plan, step)), filter.limit),
    };
  }

  #bannedFor({ includesBanned = false }: QueryOptions): BannedLists {
    return includesBanned ? { keys: false, events: false } : this.banned;
  }

  #search(plan: WordPlan, step: Step): Answer {
    return searchEvents(plan, {
      database: this.#database,
      ...step,
      candidates: candidatesFor(plan.limit, this.#searchCandidates),
      statistics: this.#statistics,
      pageEvents: PAGE_EVENTS,
    });
  }

  #answerPlan(plan: Plan, step: Step): Answer {
    const recent = recentOf(plan);
    if (recent === undefined) return this.#scanLanes(plan, step);
    const { mostBytes, database = this.#database, ...bounds } = step;
    const rows = () => database.query(recentStatement(plan, recent, mostBytes), bounds);
    return recentFirst(rows, plan.limit, (before) => this.#scanLanes({ ...plan, before }, step));
  }

  #scanLanes(
    plan: Plan,
    { mostBytes, pageEvents = PAGE_EVENTS, database = this.#database, ...bounds }: Step,
  ): Answer {
    const { lanes: { length: lanes }, limit } = plan;
    const options = { ...bounds, isShort: isShort(plan) };
    return scan(
      { lanes, limit, pageEvents },
      (ask) => database.query(selectStatement(plan, ask, mostBytes), options),
    );
  }
}
