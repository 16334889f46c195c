/**
 * Runs the stored queries of a connection outside its loop, a few at a time, and delivers their
 * results to the loop.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import { Inbox } from "../../base/inbox.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import type { Reader } from "../../nostr/visibility.ts";
import type {
  AnswerSource,
  EventStore,
  QueryOptions,
  StoredEvent,
} from "../../store/event_store.ts";
import type { RelayLimits } from "../limits.ts";
import type { QueryTimer } from "../slow_query_log.ts";

/** A query for stored events. */
export interface Query {
  readonly filters: readonly ReqFilter[];
  /** Aborted when the result is no longer wanted. */
  readonly signal: AbortSignal;
  /** Called for an event that was found but deleted before it was read. */
  readonly noteLeftOut?: () => void;
  /** Called with what is going to answer it, by a store that says so. */
  readonly noteSource?: (source: AnswerSource) => void;
}

/**
 * Part of a query's result. A query gives any number of `rows`, then `end` or `failed`. No `end`
 * follows rows that are known to be the last.
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

/** The limits that a queue enforces. */
export type QueryLimits = Pick<
  RelayLimits,
  "maxConcurrentQueries" | "reqTimeoutMs" | "searchTimeoutMs"
>;

/** Options that all queries of a connection share. */
export interface SharedQueryOptions extends Pick<QueryOptions, "source" | "pieceBytes"> {
  /** Whose view of the store a query has, evaluated when it starts. Default: everything. */
  readonly readerOf?: () => Reader;
  /** Called when a query starts; undefined where nobody measures. */
  readonly measure?: (filters: readonly ReqFilter[]) => QueryTimer | undefined;
}

/** A result in the inbox; `taken` lets its query continue. */
interface Waiting<Q extends Query> {
  readonly result: QueryResult<Q>;
  readonly taken: () => void;
}

/**
 * Runs at most `maxConcurrentQueries`; the others are queued in order. Each running query has at
 * most one result in {@link results} and reads on when that was taken and the queue is not held, so
 * nothing is read that the connection cannot take yet.
 */
export class QueryQueue<Q extends Query> {
  readonly results: Inbox<"stored", Waiting<Q>>;
  readonly #store: EventStore;
  readonly #options: SharedQueryOptions;
  readonly #limits: QueryLimits;
  /** Queued queries, in order. An aborted one is removed at once, so that its filters are freed. */
  readonly #waiting = new Set<Q>();
  #running = 0;
  /** Resolves on {@link release}. */
  #held: PromiseWithResolvers<void> | undefined = undefined;

  constructor(
    store: EventStore,
    limits: QueryLimits,
    options: SharedQueryOptions = {},
  ) {
    this.#options = options;
    this.#store = store;
    this.#limits = limits;
    // Bounded by the number of running queries, whose limit may change.
    this.results = new Inbox("stored", Number.MAX_SAFE_INTEGER);
  }

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

  /** Pauses reading until {@link release}. Results already read are still delivered. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Drops queued queries and pending results, when the loop has ended, so that queries end. */
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

  /** Delivers the rows and returns the final result, unless the last rows were marked as such. */
  async #read(query: Q): Promise<QueryResult<Q> | undefined> {
    const { filters, signal } = query;
    const timer = this.#options.measure?.(filters);
    const paused = (reader: Promise<void>) => timer?.waitFor(reader) ?? reader;
    const ready = () => this.#held && paused(this.#held.promise);
    const timeoutMs = this.#timeoutMs(filters);
    const { readerOf, measure: _, ...shared } = this.#options;
    const reader = readerOf && { reader: readerOf() };
    let isLast = false;
    const onLast = () => void (isLast = true);
    const onLeftOut = () => query.noteLeftOut?.();
    const onSource = (source: AnswerSource) => {
      query.noteSource?.(source);
      timer?.callbacks.onSource?.(source);
    };
    const told = { ...timer?.callbacks, onLast, onLeftOut, onSource };
    const options = { ...shared, ...reader, signal, ready, timeoutMs, ...told };
    try {
      for await (const rows of this.#store.query(filters, options)) {
        await paused(this.#offer({ type: "rows", query, rows, isLast }));
        if (isLast || signal.aborted) break;
      }
      timer?.end(signal.aborted && !isLast ? "given-up" : "answered");
      return isLast ? undefined : { type: "end", query };
    } catch (error) {
      timer?.failed(error, signal);
      return { type: "failed", query, error };
    }
  }

  #timeoutMs(filters: readonly ReqFilter[]): number {
    const { reqTimeoutMs, searchTimeoutMs } = this.#limits;
    return filters.some(({ search }) => search !== undefined) ? searchTimeoutMs : reqTimeoutMs;
  }

  /** Resolves when the loop has taken the result, or at once when it is no longer wanted. */
  #offer(result: QueryResult<Q>): Promise<void> {
    if (result.query.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    assert(
      this.results.length < this.#running,
      "each running query has one result waiting at most",
    );
    this.results.push({ result, taken: resolve });
    return promise;
  }
}
