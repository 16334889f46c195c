/**
 * A Postgres server as the database of a store.
 *
 * @module
 */

import { messageOf } from "../../base/error_text.ts";
import type {
  ListenEvents,
  Listening,
  ListeningDatabase,
  Session,
  Statement,
  StatementOptions,
  TransactionOptions,
} from "./database.ts";
import { type PoolStats, QueryTimedOut, StoreUnavailable } from "../event_store.ts";
import { LISTENER_NAME, WRITER_NAME } from "./database.ts";
import { isConnectionLost } from "./lost_connection.ts";
import {
  cancellationOf,
  driverFailure,
  endsConnection,
  localSettings,
  openLink,
  type Pool,
  requestCancel,
  send,
  sendPooled,
  type Underway,
} from "./postgres_driver.ts";
import type { PostgresLink } from "./postgres_link.ts";
import { ReconnectingPool } from "./reconnecting_pool.ts";
import { postgresAddress } from "./postgres_url.ts";
import { PostgresWriters } from "./postgres_writers.ts";
import { PreparedTexts } from "./prepared_texts.ts";
import { QueryGate } from "./query_gate.ts";
import { readRows } from "./raw_cells.ts";
import { type StoreClock, timeless } from "../store_clock.ts";
import { unlessAborted } from "./unless_aborted.ts";

const READER_NAME = "gallimimus read";

/** The share of read connections that is reserved for short queries. */
const SHORT_SHARE = 0.25;

/** How a server is used. */
export interface PostgresOptions {
  /** Connections that answer queries. Default 8. */
  readonly readConnections?: number;
  /**
   * How many queries that are not short may run concurrently, at least 1. Default: as many as the
   * connections that are not reserved.
   */
  readonly longQueries?: number;
  /** Connections that run transactions, so that no query delays a commit. Default 3. */
  readonly writeConnections?: number;
  /** `statement_timeout` of a query, milliseconds. Default 10,000. */
  readonly readTimeoutMs?: number;
  /** `statement_timeout` within a transaction, milliseconds. Default 30,000. */
  readonly writeTimeoutMs?: number;
  /** The timeout for connecting, milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /**
   * Detects connections that do not answer. Default: none is detected, and calls wait as long as a
   * server is frozen.
   */
  readonly clock?: StoreClock;
  /**
   * Of the server itself, for LISTEN: then the URL of {@link openPostgres} leads to a pooler that lends a
   * server connection for one transaction at a time, as PgBouncer does in its transaction mode. Default:
   * there is no such pooler.
   */
  readonly directUrl?: string | undefined;
}

/**
 * Opens the database at a `postgres://` URL. It connects on first use, and again after a connection
 * was lost or did not answer in time; statements that were running then reject. The URL is what
 * `psql` takes, see `postgres_url.ts`.
 *
 * @throws BadPostgresUrl
 */
export function openPostgres(url: string, options: PostgresOptions = {}): ListeningDatabase {
  return new PostgresDatabase(url, options);
}

/**
 * How long a cancelled statement, or one that runs at the end, has before its connection is
 * dropped, milliseconds.
 */
const GRACE_MS = 2_000;

type Link = PostgresLink<Pool>;

class PostgresDatabase implements ListeningDatabase {
  readonly #clock: StoreClock;
  readonly #readConnections: number;
  readonly #readTimeoutMs: number;
  readonly #open: (options: OpenOptions) => Link;
  /** Opens a connection to the server itself. */
  readonly #openDirect: (options: OpenOptions) => Link;
  /** What each query sets for itself; undefined where its connection has it from its start. */
  readonly #readSettings: string | undefined;
  readonly #readers: ReconnectingPool<Pool>;
  readonly #writers: PostgresWriters;
  readonly #gate: QueryGate;
  readonly #prepared = new PreparedTexts();
  /** Work that must end before the connections are closed. */
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined = undefined;

  constructor(url: string, options: PostgresOptions) {
    const address = postgresAddress(url);
    const { readConnections = 8, writeConnections = 3, clock = timeless } = options;
    const { readTimeoutMs = 10_000, writeTimeoutMs = 30_000, connectTimeoutMs = 10_000 } = options;
    this.#clock = clock;
    this.#readConnections = readConnections;
    this.#readTimeoutMs = readTimeoutMs;
    const { directUrl } = options;
    const isPooled = directUrl !== undefined;
    const shared = { clock, connectTimeoutMs };
    this.#open = (how) => openLink({ address, isPooled, ...shared, ...how });
    const directAddress = isPooled ? postgresAddress(directUrl) : address;
    this.#openDirect = (how) => openLink({ address: directAddress, ...shared, ...how });
    const local = (name: string, timeoutMs: number) =>
      isPooled ? localSettings({ address, name, timeoutMs }) : undefined;
    this.#readSettings = local(READER_NAME, readTimeoutMs);
    // Without pipelining: a cancel request names the connection and would hit whichever statement
    // runs there, and a slow statement would delay those behind it. A pooled query is pipelined with
    // its own settings only.
    this.#readers = new ReconnectingPool(() =>
      this.#open({ name: READER_NAME, timeoutMs: readTimeoutMs, max_pipeline: isPooled ? 2 : 0 })
    );
    this.#writers = new PostgresWriters({
      ...{ connections: writeConnections, timeoutMs: writeTimeoutMs, clock },
      localSettings: local(WRITER_NAME, writeTimeoutMs),
      open: (name, timeoutMs) => this.#open({ name, timeoutMs, max_pipeline: 100 }),
      onLost: () => this.#readers.endIdle(),
    });
    const kept = Math.floor(readConnections * SHORT_SHARE);
    const reserved = Math.max(kept, readConnections - (options.longQueries ?? Infinity));
    this.#gate = new QueryGate({ connections: readConnections, reserved, clock });
  }

  get stats(): PoolStats {
    return this.#gate.stats;
  }

  /**
   * Retries a query that failed for a reason outside of it: a late cancel request for another
   * statement hit it, or the server restarted and the connection dates from before.
   */
  async query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    for (let left = this.#readConnections;; left--) {
      try {
        return await this.#read(statement, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof QueryTimedOut) throw error;
        const cancellation = cancellationOf(error);
        if (cancellation === "timeout") this.#gate.countTimedOut();
        const isWorthIt = cancellation === "request" || isLostOutside(error);
        if (left === 0 || !isWorthIt) throw driverFailure(error);
      }
    }
  }

  async listen(channel: string, { onPayload, onLost }: ListenEvents): Promise<Listening> {
    let isOpen = false;
    const lose = () => {
      if (!isOpen) return;
      isOpen = false;
      onLost(new StoreUnavailable("the connection that listens was lost"));
    };
    const link = this.#openDirect({
      ...{ name: LISTENER_NAME, timeoutMs: this.#readTimeoutMs, max_pipeline: 0 },
      ...{ onnotify: (_channel, payload) => onPayload(payload), onclose: lose },
    });
    const watch = { clock: this.#clock, silenceMs: this.#readTimeoutMs };
    const ask = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await link.run(work, watch);
      } catch (error) {
        if (endsConnection(error)) {
          link.drop("the connection that listens was lost");
          lose();
        }
        throw driverFailure(error);
      }
    };
    const close = () => {
      isOpen = false;
      link.drop("the connection that listens is closed");
      return Promise.resolve();
    };
    try {
      await ask(link.pool.unsafe(`listen ${channel}`));
    } catch (error) {
      await close();
      throw error;
    }
    isOpen = true;
    return {
      query: async (statement) => {
        if (!isOpen) throw new StoreUnavailable("the connection that listens is closed");
        return readRows(await ask(send(link.pool, statement)), statement);
      },
      close,
    };
  }

  script(sql: string): Promise<void> {
    return this.#writers.script(sql);
  }

  transaction<T>(
    work: (session: Session) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    return this.#writers.transaction(work, options);
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  /**
   * Running statements get a moment. Then their connections are dropped, so that nothing delays the
   * end.
   */
  async #close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(GRACE_MS, resolve);
    void Promise.allSettled([...this.#running, ...this.#writers.running]).then(() => resolve());
    await promise;
    timer.cancel();
    await Promise.all([this.#readers.close(), this.#writers.close()]);
  }

  async #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  async #read<Row>(
    statement: Statement<Row>,
    { signal, timeBudget, isShort = false, source }: StatementOptions,
  ): Promise<readonly Row[]> {
    timeBudget?.check();
    const visitor = { isShort, signal, source };
    await this.#gate.enter(visitor);
    let link: Link;
    try {
      link = this.#readers.acquire();
    } catch (error) {
      this.#gate.leave(visitor);
      throw error;
    }
    const underway = this.#send(link.pool, statement);
    const watch = { clock: this.#clock, silenceMs: this.#readTimeoutMs + GRACE_MS };
    const rows = link.run(underway.rows, watch);
    let cancelling: Promise<unknown> | undefined;
    void this.#track(
      this.#ended(link, rows, () => cancelling).finally(() => {
        this.#readers.release(link);
        this.#gate.leave(visitor);
      }),
    );
    const stop = () => {
      this.#gate.countCancelled();
      cancelling = this.#cancel(link, underway, rows);
    };
    const inTime = timeBudget?.within(rows, () => {
      this.#gate.countTimedOut();
      cancelling = this.#cancel(link, underway, rows);
    });
    return readRows(await unlessAborted(inTime ?? rows, stop, signal), statement);
  }

  #send(pool: Pool, statement: Statement<unknown>): Underway {
    if (this.#readSettings !== undefined) return sendPooled(pool, statement, this.#readSettings);
    const query = send(pool, statement, this.#prepared.admits(statement.text));
    return { rows: query, cancel: () => requestCancel(query) };
  }

  /** Resolves when the query has been answered and no cancel request for it is pending. */
  async #ended(
    link: Link,
    rows: Promise<unknown>,
    cancelling: () => Promise<unknown> | undefined,
  ): Promise<void> {
    await rows.catch((error) => {
      if (endsConnection(error)) link.drop(messageOf(error));
    });
    await cancelling();
    if (link.isLost) this.#writers.endIdle();
  }

  /**
   * Sends a cancel request, and drops the connection if that has no effect. Resolves when the
   * server has processed the request, which would otherwise hit the next statement; the driver does
   * not always report that.
   */
  async #cancel(link: Link, { cancel }: Underway, rows: Promise<unknown>): Promise<void> {
    const request = cancel();
    if (request === undefined) return;
    const watch = { clock: this.#clock, silenceMs: GRACE_MS };
    await Promise.allSettled([link.run(request, watch), link.run(rows, watch)]);
  }
}

/** How one connection is opened. */
type OpenOptions = Omit<
  Parameters<typeof openLink>[0],
  "address" | "clock" | "connectTimeoutMs"
>;

/** Whether a connection was lost, other than by our dropping it after a timeout. */
function isLostOutside(error: unknown): boolean {
  return isConnectionLost(error) && !(error instanceof StoreUnavailable);
}
