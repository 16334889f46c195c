/**
 * A Postgres server.
 *
 * @module
 */

import postgres from "postgres";
import {
  type Cells,
  type Database,
  databaseError,
  type Session,
  type Statement,
  type StatementOptions,
} from "./database.ts";
import { StoreUnavailable } from "./event_store.ts";
import { Turnstile } from "./turnstile.ts";

/** How a server is used. */
export interface PostgresOptions {
  /** Connections that answer queries. Default 8. */
  readonly readConnections?: number;
  /** Connections that run transactions, so that no query ever delays a commit. Default 2. */
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
 * encoded, or as `?host=/run/postgresql`.
 */
export function openPostgres(url: string, options: PostgresOptions = {}): Database {
  const connect = (max: number, timeoutMs: number, max_pipeline: number) => {
    const driverOptions = {
      ...socketOf(url),
      max,
      max_pipeline,
      connect_timeout: (options.connectTimeoutMs ?? 10_000) / 1_000,
      connection: { ...settings, statement_timeout: timeoutMs },
      fetch_types: false,
      types: { bytea: asText },
      onnotice: () => {},
    };
    return postgres(withoutSocket(url), driverOptions);
  };
  return new PostgresDatabase(
    // Nothing is sent ahead of an answer: a cancel request names the connection and would hit whatever
    // runs there, and a slow statement would hold up those behind it.
    connect(options.readConnections ?? 8, options.readTimeoutMs ?? 10_000, 0),
    connect(options.writeConnections ?? 2, options.writeTimeoutMs ?? 30_000, 100),
  );
}

/**
 * The way through the indexes is decided in `plan.ts`. These leave Postgres no other: a plan is made once
 * for all parameters, and what would read whole tables or compile code for one query is off.
 */
const settings = {
  application_name: "gallimimus",
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: false,
  enable_bitmapscan: false,
  enable_hashjoin: false,
  enable_mergejoin: false,
  enable_memoize: false,
  enable_material: false,
  max_parallel_workers_per_gather: 0,
  jit: false,
};

/** Parameters and columns are text on both sides, `bytea` too. */
const asText = { to: 17, from: [17], serialize: String, parse: String };

/** The driver takes the directory of a Unix socket as an option only. */
function socketOf(url: string): { readonly host?: string } {
  const host = new URL(url).searchParams.get("host");
  return host === null ? {} : { host };
}

function withoutSocket(url: string): string {
  const plain = new URL(url);
  if (plain.searchParams.has("host")) plain.searchParams.delete("host");
  return plain.href;
}

type Pool = ReturnType<typeof postgres>;

class PostgresDatabase implements Database {
  readonly #readers: Pool;
  readonly #writers: Pool;
  /** As many as there are connections: what waits for one waits here, where it can be called off. */
  readonly #turnstile: Turnstile;

  constructor(readers: Pool, writers: Pool) {
    this.#readers = readers;
    this.#writers = writers;
    this.#turnstile = new Turnstile(readers.options.max);
  }

  async query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    try {
      return await this.#read(statement, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isStrayCancel(error)) throw failure(error);
    }
    // Somebody else's cancel request came late and hit this statement in place of its own.
    try {
      return await this.#read(statement, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw failure(error);
    }
  }

  async script(sql: string): Promise<void> {
    try {
      await this.#writers.unsafe(sql);
    } catch (error) {
      throw failure(error);
    }
  }

  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = new TransactionSession();
    let failed: { readonly error: unknown } | undefined;
    try {
      return await this.#writers.begin(async (sql) => {
        session.sql = sql;
        try {
          return { value: await work(session) };
        } catch (error) {
          failed = { error };
          // The driver would now send ROLLBACK on a connection that is gone, and break. It rejects
          // by itself when the connection ends.
          if (session.isLost) await never;
          throw error;
        }
      }).then(({ value }) => value as T);
    } catch (error) {
      throw failed !== undefined ? failed.error : failure(error);
    } finally {
      session.sql = undefined;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#readers.end(), this.#writers.end()]);
  }

  async #read<Row>(
    statement: Statement<Row>,
    { signal }: StatementOptions,
  ): Promise<readonly Row[]> {
    await this.#turnstile.enter(signal);
    const query = send(this.#readers, statement);
    const rows = query.finally(() => this.#turnstile.leave());
    return (await unlessAborted(rows, () => cancel(query), signal)).map(readerOf(statement));
  }
}

/** Somewhere that the driver sends statements: a pool or a transaction. */
type Sender = Pick<Pool, "unsafe">;

const never = new Promise<never>(() => {});

/** A transaction while it lasts. */
class TransactionSession implements Session {
  /** Undefined when the transaction is over. */
  sql: Sender | undefined = undefined;
  /** Whether the connection was lost in the midst of it. */
  isLost = false;

  query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    options.signal?.throwIfAborted();
    return this.#send(async (sql) => (await send(sql, statement)).map(readerOf(statement)));
  }

  async script(text: string): Promise<void> {
    await this.#send((sql) => sql.unsafe(text));
  }

  async #send<T>(send: (sql: Sender) => Promise<T>): Promise<T> {
    if (this.sql === undefined) throw new StoreUnavailable("the transaction is over");
    try {
      return await send(this.sql);
    } catch (error) {
      if (endsConnection(error)) this.isLost = true;
      throw failure(error);
    }
  }
}

/** Raw: bytes as they came, so that an event's JSON never becomes a string on its way through. */
function send(sql: Sender, { text, parameters }: Statement<unknown>) {
  return sql.unsafe(text, [...parameters], { prepare: true }).raw();
}

function readerOf<Row>({ read }: Statement<Row>): (cells: readonly Buffer[]) => Row {
  return (cells) => read(new RawCells(cells));
}

/** What `work` resolves to; the signal's reason as soon as that is aborted, after `cancel`. */
async function unlessAborted<T>(
  work: Promise<T>,
  cancel: () => void,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => {
    cancel();
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort);
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Asks the server to stop. Only what was sent: the driver would lose the connection of a query that is
 * still waiting for it to open. Such a query runs in vain, within the time limit.
 */
function cancel(query: ReturnType<typeof send>): void {
  if ("state" in query && query.state !== null) query.cancel();
}

const BACKSLASH_X = 2;

/** One row as the server sent it. */
class RawCells implements Cells {
  readonly #cells: readonly Buffer[];

  constructor(cells: readonly Buffer[]) {
    this.#cells = cells;
  }

  hex(column: number): string {
    return this.#cells[column]!.toString("latin1", BACKSLASH_X);
  }

  integer(column: number): number {
    return Number(this.#cells[column]!.toString("latin1"));
  }

  text(column: number): string {
    return this.#cells[column]!.toString("utf8");
  }

  utf8(column: number): Uint8Array {
    // The cell is a view of all that one read of the socket brought; a copy lets that go.
    return new Uint8Array(this.#cells[column]!);
  }
}

function failure(error: unknown): Error {
  if (error instanceof postgres.PostgresError) return databaseError(error, error.code);
  return databaseError(error instanceof Error ? error : new Error(String(error)), undefined);
}

/** Cancelled by a request, not by the time limit. */
function isStrayCancel(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.code === "57014" &&
    error.message.includes("user request");
}

/** Whether the connection goes with the error: a last word of the server, or none at all. */
function endsConnection(error: unknown): boolean {
  if (error instanceof postgres.PostgresError) {
    return error.severity === "FATAL" || error.severity === "PANIC";
  }
  // The driver's own codes and those of the socket.
  return error instanceof Error && "code" in error &&
    /^(CONNECTION_|E[A-Z]+$)/.test(String(error.code));
}
