/**
 * The stored half of a connection's subscriptions: queries run outside the loop, a few at a time, and
 * what they find comes back to it as signals.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { Inbox } from "../../base/inbox.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { Reader } from "../../nostr/visibility.ts";
import type { EventStore, QueryOptions, StoredEvent } from "../../store/event_store.ts";
import type { RelayLimits } from "../limits.ts";

/** A question to the store on somebody's behalf. */
export interface Query {
  readonly filters: readonly ReqFilter[];
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  /** Told of an event that was found and deleted before it could be handed out. */
  readonly noteLeftOut?: () => void;
}

/**
 * One step of an answer. A query gives any number of `rows`, then `end` or `failed`; no `end` follows rows
 * that are known to be the last.
 */
export type QueryResult<Q extends Query> =
  | {
    readonly type: "rows";
    readonly query: Q;
    readonly rows: readonly StoredEvent[];
    readonly isLast: boolean;
  }
  | { readonly type: "end"; readonly query: Q }
  | { readonly type: "failed"; readonly query: Q; readonly error: unknown };

/** How many queries run, and for how long. */
export type QueryLimits = Pick<
  RelayLimits,
  "maxConcurrentQueries" | "reqTimeoutMs" | "searchTimeoutMs"
>;

/** What all queries of a connection have in common. */
export interface SharedQueryOptions extends Pick<QueryOptions, "source" | "pieceBytes"> {
  /** Who reads the answer, asked at the start of each query. Default: somebody who may see everything. */
  readonly readerOf?: () => Reader;
}

/** A result in the inbox, with the way to tell its query that the next one may come. */
interface Waiting<Q extends Query> {
  readonly result: QueryResult<Q>;
  readonly taken: () => void;
}

/**
 * Runs at most `maxConcurrentQueries`; others wait in order. Each running query has one result at a
 * time in {@link results} and reads on when that was taken, and not while the queue is held: what a
 * connection cannot take yet is not fetched.
 */
export class QueryQueue<Q extends Query> {
  /** What the loop selects on. */
  readonly results: Inbox<"stored", Waiting<Q>>;
  readonly #store: EventStore;
  readonly #options: SharedQueryOptions;
  readonly #limits: QueryLimits;
  /** In order. One whose signal aborts leaves at once, with its filters. */
  readonly #waiting = new Set<Q>();
  #running = 0;
  /** Resolves at the end of a {@link hold}. */
  #held: PromiseWithResolvers<void> | undefined = undefined;

  constructor(
    store: EventStore,
    limits: QueryLimits,
    options: SharedQueryOptions = {},
  ) {
    this.#options = options;
    this.#store = store;
    this.#limits = limits;
    this.results = new Inbox("stored", limits.maxConcurrentQueries);
  }

  /** How many queries run or wait. */
  get size(): number {
    return this.#running + this.#waiting.size;
  }

  add(query: Q): void {
    if (query.signal.aborted) return;
    this.#waiting.add(query);
    this.#startNext();
    if (!this.#waiting.has(query)) return;
    query.signal.addEventListener("abort", () => this.#waiting.delete(query), { once: true });
  }

  /** Keeps the queries from reading on until {@link release}. What they have read already still comes. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  /** Ends {@link hold}. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Lets every query whose result is still here come to its end. For when the loop is over. */
  drop(): void {
    this.#waiting.clear();
    for (const { taken } of this.results.take()) taken();
  }

  #startNext(): void {
    while (this.#running < this.#limits.maxConcurrentQueries) {
      const [query] = this.#waiting;
      if (query === undefined) return;
      this.#waiting.delete(query);
      void this.#run(query);
    }
  }

  async #run(query: Q): Promise<void> {
    this.#running++;
    const end = await this.#read(query);
    if (end !== undefined) await this.#offer(end);
    this.#running--;
    this.#startNext();
  }

  /** Hands out the rows and returns how it ended, unless the last rows have told. */
  async #read(query: Q): Promise<QueryResult<Q> | undefined> {
    const { filters, signal } = query;
    const ready = () => this.#held?.promise;
    const timeoutMs = this.#timeoutMs(filters);
    const { readerOf, ...shared } = this.#options;
    const reader = readerOf && { reader: readerOf() };
    let isLast = false;
    const onLast = () => void (isLast = true);
    const onLeftOut = () => query.noteLeftOut?.();
    const options = { ...shared, ...reader, signal, ready, timeoutMs, onLast, onLeftOut };
    try {
      for await (const rows of this.#store.query(filters, options)) {
        await this.#offer({ type: "rows", query, rows, isLast });
        if (isLast) return undefined;
        if (signal.aborted) break;
      }
      return { type: "end", query };
    } catch (error) {
      return { type: "failed", query, error };
    }
  }

  #timeoutMs(filters: readonly ReqFilter[]): number {
    const { reqTimeoutMs, searchTimeoutMs } = this.#limits;
    return filters.some(({ search }) => search !== undefined) ? searchTimeoutMs : reqTimeoutMs;
  }

  /** Resolves when the loop took the result. What nobody wants any more is taken at once. */
  #offer(result: QueryResult<Q>): Promise<void> {
    if (result.query.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const fits = this.results.push({ result, taken: resolve });
    assert(fits, "each running query has at most one result waiting");
    return promise;
  }
}
