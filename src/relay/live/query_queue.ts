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
  Answer,
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

type QueryLimits = Pick<
  RelayLimits,
  "maxConcurrentQueries" | "reqTimeoutMs" | "searchTimeoutMs"
>;

/** Options that all queries of a connection share. */
interface SharedQueryOptions extends Pick<QueryOptions, "source" | "pieceBytes"> {
  /** Whose view of the store a query has, evaluated when it starts. Default: everything. */
  readonly readerOf?: () => Reader;
  /** Whether the connection takes a piece now. Default: unless the queue is held. */
  readonly hasRoom?: () => boolean;
  /** Called when a query starts; undefined where nobody measures. */
  readonly measure?: (filters: readonly ReqFilter[]) => QueryTimer | undefined;
}

/** A query that runs. */
interface Run<Q extends Query> {
  readonly query: Q;
  readonly timer: QueryTimer | undefined;
  /** Whether the next rows are the last. */
  isLast: boolean;
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

  /**
   * Starts a query, or queues it.
   *
   * @return its whole result, where the store has that at hand. Nothing comes to {@link results} then.
   */
  add(query: Q): QueryResult<Q> | undefined {
    if (query.signal.aborted) return undefined;
    this.#startNext();
    if (!this.#isFull) return this.#start(query);
    this.#waiting.add(query);
    query.signal.addEventListener("abort", () => this.#waiting.delete(query), { once: true });
    return undefined;
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

  get #isFull(): boolean {
    return this.#running >= this.#limits.maxConcurrentQueries;
  }

  #startNext(): void {
    while (this.#waiting.size > 0 && !this.#isFull) {
      const [query] = this.#waiting;
      this.#waiting.delete(query!);
      void this.#run(this.#begin(query!));
    }
  }

  #start(query: Q): QueryResult<Q> | undefined {
    const run = this.#begin(query);
    try {
      const answer = this.#ask(run);
      const rows = this.#hasRoom ? answer.whole?.() : undefined;
      if (rows !== undefined) {
        run.timer?.end("answered");
        return { type: "rows", query, rows, isLast: true };
      }
      void this.#run(run, answer);
      return undefined;
    } catch (error) {
      run.timer?.failed(error, query.signal);
      return { type: "failed", query, error };
    }
  }

  #begin(query: Q): Run<Q> {
    return { query, timer: this.#options.measure?.(query.filters), isLast: false };
  }

  get #hasRoom(): boolean {
    return this.#held === undefined && this.#options.hasRoom?.() !== false;
  }

  #ask(run: Run<Q>): Answer {
    const { query, timer } = run;
    const { filters, signal } = query;
    const { readerOf, hasRoom: _, measure: __, ...shared } = this.#options;
    return this.#store.query(filters, {
      ...shared,
      ...readerOf && { reader: readerOf() },
      signal,
      ready: () => this.#held && paused(run, this.#held.promise),
      timeoutMs: this.#timeoutMs(filters),
      onLast: () => void (run.isLast = true),
      onLeftOut: () => query.noteLeftOut?.(),
      ...timer?.callbacks,
      onSource: (source: AnswerSource) => {
        query.noteSource?.(source);
        timer?.callbacks.onSource?.(source);
      },
    });
  }

  async #run(run: Run<Q>, answer?: Answer): Promise<void> {
    this.#running++;
    const end = await this.#read(run, answer);
    if (end !== undefined) await this.#offer(end);
    this.#running--;
    this.#startNext();
  }

  /** Delivers the rows and returns the final result, unless the last rows were marked as such. */
  async #read(
    run: Run<Q>,
    answer: Answer | undefined,
  ): Promise<QueryResult<Q> | undefined> {
    const { query, timer } = run;
    const { signal } = query;
    try {
      for await (const rows of answer ?? this.#ask(run)) {
        await paused(run, this.#offer({ type: "rows", query, rows, isLast: run.isLast }));
        if (run.isLast || signal.aborted) break;
      }
      timer?.end(signal.aborted && !run.isLast ? "given-up" : "answered");
      return run.isLast ? undefined : { type: "end", query };
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

/** What the reader waits for is not the query's time. */
function paused({ timer }: Run<Query>, reader: Promise<void>): Promise<void> {
  return timer?.waitFor(reader) ?? reader;
}
