/**
 * A Postgres server.
 *
 * @module
 */

import postgres from "postgres";
import {
  databaseError,
  type ListenEvents,
  type Listening,
  type ListeningDatabase,
  type Session,
  type Statement,
  type StatementOptions,
} from "./database.ts";
import { type PoolFigures, QueryTimedOut, StoreUnavailable } from "./event_store.ts";
import { isConnectionLost, isRefused } from "./lost_connection.ts";
import { LISTENER_NAME, WRITER_NAME } from "./feed_statements.ts";
import { postgresAddress } from "./postgres_url.ts";
import { PreparedTexts } from "./prepared_texts.ts";
import { QueryGate } from "./query_gate.ts";
import { readRows } from "./raw_cells.ts";
import { Renewable } from "./renewable.ts";
import { unlessAborted } from "./unless_aborted.ts";

/** What part of the connections that answer queries is kept for short ones. */
const SHORT_SHARE = 0.25;

/** How a server is used. */
export interface PostgresOptions {
  /** Connections that answer queries. Default 8. */
  readonly readConnections?: number;
  /** Connections that run transactions, so that no query ever delays a commit. Default 3. */
  readonly writeConnections?: number;
  /** How long one statement of a query may run, milliseconds. Default 10,000. */
  readonly readTimeoutMs?: number;
  /** How long one statement of a transaction may run, milliseconds. Default 30,000. */
  readonly writeTimeoutMs?: number;
  /** How long connecting may take, milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
}

/**
 * The database at a `postgres://` URL. Connects when it is first used, and again after a connection was
 * lost; what was running then rejects. A Unix socket is named by its directory: as the host, percent
 * encoded, or as `?host=/run/postgresql` beside any host.
 *
 * @example
 * ```ts
 * import { rejects } from "node:assert/strict";
 * import { openPostgres } from "./postgres.ts";
 *
 * const database = openPostgres("postgres://nobody@127.0.0.1:1/none");
 * const one = { text: "select 1", parameters: [], read: () => 1 };
 * await rejects(database.query(one), { name: "StoreUnavailable" });
 * await database.close();
 * ```
 */
export function openPostgres(url: string, options: PostgresOptions = {}): ListeningDatabase {
  const { url: plainUrl, host } = postgresAddress(url);
  const connect = ({ name, timeoutMs, ...more }: PoolOptions) => {
    const driverOptions = {
      ...(host !== undefined && { host }),
      connect_timeout: (options.connectTimeoutMs ?? 10_000) / 1_000,
      backoff: reconnectDelay,
      connection: {
        ...{ ...settings, application_name: name, statement_timeout: timeoutMs },
        // A relay that hangs must not keep its locks.
        idle_in_transaction_session_timeout: timeoutMs,
      },
      fetch_types: false,
      types: { bytea: asText },
      onnotice: () => {},
      ...more,
    };
    return postgres(plainUrl, driverOptions);
  };
  const { readTimeoutMs = 10_000, writeTimeoutMs = 30_000 } = options;
  return new PostgresDatabase({
    // Nothing is sent ahead of an answer: a cancel request names the connection and would hit whatever
    // runs there, and a slow statement would hold up those behind it.
    readers: new Renewable(() =>
      connect({
        name: "gallimimus read",
        max: options.readConnections ?? 8,
        timeoutMs: readTimeoutMs,
        max_pipeline: 0,
      })
    ),
    writers: new Renewable(() =>
      connect({
        name: WRITER_NAME,
        max: options.writeConnections ?? 3,
        timeoutMs: writeTimeoutMs,
        max_pipeline: 100,
      })
    ),
    listener: (hooks) =>
      connect({
        ...{ name: LISTENER_NAME, max: 1, timeoutMs: readTimeoutMs, max_pipeline: 0 },
        ...{ max_lifetime: null, ...hooks },
      }),
  });
}

/**
 * How long to wait before connecting again, seconds. What needs the connection waits as long, so this
 * stays short; the driver's own would grow to 20.
 */
function reconnectDelay(failures: number): number {
  return Math.min(1, 0.05 * 2 ** failures);
}

/** One group of connections. */
interface PoolOptions extends Partial<ListenerHooks> {
  /** How they name themselves to the server. */
  readonly name: string;
  readonly max: number;
  readonly timeoutMs: number;
  readonly max_pipeline: number;
  readonly max_lifetime?: number | null;
}

/** What the driver calls; the first of them it does not document. */
interface ListenerHooks {
  readonly onnotify: (channel: string, payload: string) => void;
  readonly onclose: () => void;
}

/**
 * The way through the indexes is decided in `plan.ts`. These leave Postgres no other: a plan is made once
 * for all parameters, and what would read more than is asked for, or compile code, is off. In words: the
 * driver leaves out what is false or zero.
 */
const settings = {
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  enable_memoize: "off",
  enable_material: "off",
  max_parallel_workers_per_gather: "0",
  jit: "off",
};

/** Parameters and columns are text on both sides, `bytea` too. */
const asText = { to: 17, from: [17], serialize: String, parse: String };

type Pool = ReturnType<typeof postgres>;

/** The connections of a database, by what they are for. */
interface Pools {
  readonly readers: Renewable<Pool>;
  readonly writers: Renewable<Pool>;
  readonly listener: (hooks: ListenerHooks) => Pool;
}

class PostgresDatabase implements ListeningDatabase {
  readonly #readers: Renewable<Pool>;
  readonly #writers: Renewable<Pool>;
  readonly #listener: Pools["listener"];
  readonly #gate: QueryGate;
  readonly #prepared = new PreparedTexts();
  /** What the driver works on. Closing waits for it: the driver's own waiting ends a little early. */
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined = undefined;

  constructor({ readers, writers, listener }: Pools) {
    this.#readers = readers;
    this.#writers = writers;
    this.#listener = listener;
    const connections = readers.current.options.max;
    this.#gate = new QueryGate({ connections, reserved: Math.floor(connections * SHORT_SHARE) });
  }

  get figures(): PoolFigures {
    return this.#gate.figures;
  }

  /**
   * A query that failed by no fault of its own is asked again: somebody else's cancel request came late
   * and hit it, or the server has restarted and its connection was one of before.
   */
  async query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    for (let left = this.#readers.current.options.max;; left--) {
      try {
        return await this.#read(statement, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof QueryTimedOut) throw error;
        if (isTimeOut(error)) this.#gate.countTimedOut();
        if (left === 0 || !(isStrayCancel(error) || isConnectionLost(error))) throw failure(error);
      }
    }
  }

  async listen(channel: string, { onPayload, onLost }: ListenEvents): Promise<Listening> {
    let isOpen = false;
    const pool = this.#listener({
      onnotify: (_channel, payload) => onPayload(payload),
      onclose: () => {
        if (!isOpen) return;
        isOpen = false;
        onLost(new StoreUnavailable("the connection that listens was lost"));
      },
    });
    // At once: the driver would go on connecting.
    const close = () => {
      isOpen = false;
      return pool.end({ timeout: 0 });
    };
    try {
      await pool.unsafe(`listen ${channel}`);
    } catch (error) {
      await close();
      throw failure(error);
    }
    isOpen = true;
    return {
      query: async (statement) => {
        if (!isOpen) throw new StoreUnavailable("the connection that listens is closed");
        try {
          return readRows(await send(pool, statement), statement);
        } catch (error) {
          throw failure(error);
        }
      },
      close,
    };
  }

  async script(sql: string): Promise<void> {
    try {
      await this.#track(this.#writers.current.unsafe(sql), this.#writers);
    } catch (error) {
      throw failure(error);
    }
  }

  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let left = this.#writers.current.options.max;; left--) {
      const session = new TransactionSession();
      try {
        return await this.#track(this.#attempt(session, work), this.#writers);
      } catch (error) {
        // Nothing was done yet, so a connection from before the server's restart may be passed over.
        if (left > 0 && !session.hasBegun && isConnectionLost(error)) continue;
        throw session.failed !== undefined ? session.failed.error : failure(error);
      } finally {
        session.sql = undefined;
      }
    }
  }

  async #attempt<T>(
    session: TransactionSession,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const { value } = await this.#writers.current.begin(async (sql) => {
      session.sql = sql;
      session.hasBegun = true;
      try {
        return { value: await work(session) };
      } catch (error) {
        session.failed = { error };
        // The driver would now send ROLLBACK on a connection that is gone, and break. It rejects by
        // itself when the connection ends.
        if (session.isLost) await never;
        throw error;
      }
    });
    return value as T;
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running);
    await Promise.all([this.#readers.end(), this.#writers.end()]);
  }

  /** To be called with the pool that the work was just given to. */
  async #track<T>(work: Promise<T>, pools?: Renewable<Pool>): Promise<T> {
    const pool = pools?.current;
    this.#running.add(work);
    try {
      return await work;
    } catch (error) {
      if (pool !== undefined && isConnectionLost(error) && !isRefused(error)) pools!.lost(pool);
      throw error;
    } finally {
      this.#running.delete(work);
    }
  }

  async #read<Row>(
    statement: Statement<Row>,
    { signal, allowance, isShort = false }: StatementOptions,
  ): Promise<readonly Row[]> {
    allowance?.check();
    const visitor = { isShort, signal };
    await this.#gate.enter(visitor);
    const query = send(this.#readers.current, statement, this.#prepared.admits(statement.text));
    const rows = this.#track(query, this.#readers).finally(() => this.#gate.leave(visitor));
    const stop = () => {
      this.#gate.countCancelled();
      this.#cancel(query);
    };
    const inTime = allowance?.within(rows, () => {
      this.#gate.countTimedOut();
      this.#cancel(query);
    });
    return readRows(await unlessAborted(inTime ?? rows, stop, signal), statement);
  }

  /**
   * Asks the server to stop. Only what was sent: the driver would lose the connection of a query that is
   * still waiting for it to open. Such a query runs in vain, within the time limit. By the inner door,
   * because the driver's own `cancel` does not say when its request is through.
   */
  #cancel(query: ReturnType<typeof send>): void {
    if (!("state" in query && "canceller" in query) || query.state === null) return;
    if (typeof query.canceller !== "function") return;
    const request: Promise<unknown> = Promise.resolve(query.canceller(query));
    // A request that does not get through leaves the query to its time limit.
    this.#track(request).catch(() => {});
  }
}

/** Somewhere that the driver sends statements: a pool or a transaction. */
type Sender = Pick<Pool, "unsafe">;

const never = new Promise<never>(() => {});

/** A transaction while it lasts. */
class TransactionSession implements Session {
  /** Undefined when the transaction is over. */
  sql: Sender | undefined = undefined;
  hasBegun = false;
  /** Whether the connection was lost in the midst of it. */
  isLost = false;
  /** What the work rejected with. */
  failed: { readonly error: unknown } | undefined = undefined;

  query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    options.signal?.throwIfAborted();
    return this.#send(async (sql) => readRows(await send(sql, statement), statement));
  }

  async script(text: string): Promise<void> {
    await this.#send((sql) => sql.unsafe(text));
  }

  async #send<T>(send: (sql: Sender) => Promise<T>): Promise<T> {
    if (this.sql === undefined) throw new StoreUnavailable("the transaction is over");
    try {
      return await send(this.sql);
    } catch (error) {
      if (isConnectionLost(error)) this.isLost = true;
      throw failure(error);
    }
  }
}

/** Raw: bytes as they came, so that an event's JSON never becomes a string on its way through. */
function send(sql: Sender, { text, parameters }: Statement<unknown>, prepare = true) {
  const texts = parameters.map((one) => one instanceof Uint8Array ? `\\x${one.toHex()}` : one);
  return sql.unsafe(text, texts, { prepare }).raw();
}

function failure(error: unknown): Error {
  if (error instanceof postgres.PostgresError) return databaseError(error, error.code);
  return databaseError(error instanceof Error ? error : new Error(String(error)), undefined);
}

function isTimeOut(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === "57014" &&
    error.message.includes("timeout");
}

/** Cancelled by a request, not by the time limit. */
function isStrayCancel(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === "57014" &&
    error.message.includes("user request");
}
