/**
 * Runs transactions on a Postgres server.
 *
 * @module
 */

import { messageOf } from "../../base/error_text.ts";
import {
  type Session,
  type Statement,
  type StatementOptions,
  TransactionLost,
  type TransactionOptions,
} from "./database.ts";
import { StoreUnavailable } from "../event_store.ts";
import { WRITER_NAME } from "./database.ts";
import { isConnectionLost } from "./lost_connection.ts";
import {
  backendOf,
  driverFailure,
  type Pool,
  send,
  type Sender,
  type SentQuery,
} from "./postgres_driver.ts";
import type { PostgresLink, Watch } from "./postgres_link.ts";
import { ReconnectingPool } from "./reconnecting_pool.ts";
import { readRows } from "./raw_cells.ts";
import type { StoreClock } from "../store_clock.ts";
import { Semaphore } from "./semaphore.ts";

/** The share of a write's timeout for which it may be silent before the server is asked about it. */
const SILENT_SHARE = 1 / 3;

/** How long a script may take beyond the statement timeout, milliseconds. */
const GRACE_MS = 2_000;

type Link = PostgresLink<Pool>;

interface PostgresWritersOptions {
  /** How many run concurrently. */
  readonly connections: number;
  /** `statement_timeout`, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: StoreClock;
  /** Opens a connection with this `application_name` and statement timeout. */
  readonly open: (name: string, timeoutMs: number) => Link;
  /** What each transaction begins with; undefined where its connection has it from its start. */
  readonly localSettings?: string | undefined;
  /** Called when a connection was lost. */
  readonly onLost?: () => void;
}

/**
 * The connections that write. One that does not answer for a third of its timeout is dropped,
 * unless the server, asked on another connection, reports it as active.
 */
export class PostgresWriters {
  readonly #options: PostgresWritersOptions;
  readonly #pool: ReconnectingPool<Pool>;
  readonly #semaphore: Semaphore;
  /** Work that must end before the connections are closed. */
  readonly running = new Set<Promise<unknown>>();
  /** Process ids of server processes whose connections were dropped during a transaction. */
  readonly #abandoned = new Set<number>();

  constructor(options: PostgresWritersOptions) {
    this.#options = options;
    this.#pool = new ReconnectingPool(() => options.open(WRITER_NAME, options.timeoutMs));
    this.#semaphore = new Semaphore(options.connections);
  }

  /** Runs SQL of several statements outside of a transaction. */
  async script(sql: string): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    try {
      await this.#withLink((link) =>
        link.run(link.pool.unsafe(sql), { clock, silenceMs: timeoutMs + GRACE_MS })
      );
    } catch (error) {
      throw driverFailure(error);
    }
  }

  /** See `Database.transaction`. */
  async transaction<T>(
    work: (session: Session) => Promise<T>,
    { isUnhurried = false }: TransactionOptions = {},
  ): Promise<T> {
    for (;;) {
      const session = new TransactionSession(this.#options.localSettings === undefined);
      let isFresh = true;
      try {
        return await this.#withLink((link) => {
          isFresh = !link.hasAnswered;
          session.link = link;
          session.watch = isUnhurried ? undefined : this.#watchOver(session);
          return link.run(this.#attempt(session, work));
        });
      } catch (error) {
        // Nothing was executed yet: the connection dates from before a restart of the server, and
        // another is tried.
        if (!session.hasBegun && !isFresh && isConnectionLost(error)) continue;
        if (session.hasBegun && isConnectionLost(error)) {
          if (session.backend !== undefined) this.#abandoned.add(session.backend);
          throw new TransactionLost(messageOf(error), { cause: error });
        }
        throw session.failed !== undefined ? session.failed.error : driverFailure(error);
      } finally {
        session.sql = undefined;
      }
    }
  }

  async #attempt<T>(
    session: TransactionSession,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const { link, watch } = session;
    await this.#evict(link!);
    const begun = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const transaction = link!.pool.begin(async (sql) => {
      begun.resolve();
      session.sql = sql;
      session.hasBegun = true;
      try {
        const [, value] = await Promise.all([
          session.begin(this.#options.localSettings),
          work(session),
        ]);
        done.resolve();
        return { value };
      } catch (error) {
        session.failed = { error };
        // The driver would send ROLLBACK on the lost connection and fail. The transaction rejects
        // by itself when the connection ends.
        if (session.isLost) await never;
        done.resolve();
        throw error;
      }
    });
    transaction.catch((error) => {
      begun.reject(error);
      done.reject(error);
    });
    done.promise.catch(() => {});
    await link!.run(begun.promise, watch);
    await done.promise;
    return (await link!.run(transaction, watch)).value as T;
  }

  /**
   * Terminates server processes that may still hold locks for a dropped connection, and waits until
   * they have ended: then their transactions have either committed or rolled back.
   */
  async #evict(link: Link): Promise<void> {
    if (this.#abandoned.size === 0) return;
    const backends = [...this.#abandoned];
    this.#abandoned.clear();
    const watch = { clock: this.#options.clock, silenceMs: this.#silenceMs };
    await link.run(link.pool.unsafe(EVICT, [`{${backends.join(",")}}`, WRITER_NAME]), watch);
  }

  get #silenceMs(): number {
    return this.#options.timeoutMs * SILENT_SHARE;
  }

  /**
   * A server that does not answer may be slow. If it waits for us, or cannot be asked, the
   * connection is lost.
   */
  #watchOver(session: TransactionSession): Watch {
    const isWorking = async () => {
      const { backend } = session;
      if (backend === undefined) return false;
      const probe = this.#options.open("gallimimus probe", this.#silenceMs);
      try {
        const watch = { clock: this.#options.clock, silenceMs: this.#silenceMs / 2 };
        const rows = await probe.run(probe.pool.unsafe(IS_ACTIVE, [backend, WRITER_NAME]), watch);
        return rows.length > 0;
      } finally {
        probe.drop("the server was asked");
      }
    };
    return { clock: this.#options.clock, silenceMs: this.#silenceMs, isWorking };
  }

  /** Runs `work` on a connection, and drops the connection if it was lost. */
  async #withLink<T>(work: (link: Link) => Promise<T>): Promise<T> {
    await this.#semaphore.acquire();
    try {
      const link = this.#pool.acquire();
      try {
        const running = work(link);
        this.running.add(running);
        return await running.finally(() => this.running.delete(running));
      } catch (error) {
        if (isConnectionLost(error) || !link.hasAnswered) {
          link.drop(messageOf(error));
          this.#options.onLost?.();
        }
        throw error;
      } finally {
        this.#pool.release(link);
      }
    } finally {
      this.#semaphore.release();
    }
  }

  /** Closes the idle connections. */
  endIdle(): void {
    this.#pool.endIdle();
  }

  /** Drops the connections in use, and closes the others. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}

const EVICT = `select pg_terminate_backend(pid, 1000) from pg_stat_activity
where pid = any($1::int4[]) and application_name = $2 and usename = current_user`;

const IS_ACTIVE = `select from pg_stat_activity
where pid = $1::int4 and application_name = $2 and state = 'active'`;

const never = new Promise<never>(() => {});

/** A transaction in progress. */
class TransactionSession implements Session {
  /** Undefined when the transaction is over. */
  sql: Sender | undefined = undefined;
  link: Link | undefined = undefined;
  watch: Watch | undefined = undefined;
  hasBegun = false;
  /** Whether the connection was lost during the transaction. */
  isLost = false;
  readonly #prepares: boolean;
  #first: SentQuery | undefined = undefined;
  #pooledBackend: number | undefined = undefined;
  /** What `work` rejected with. */
  failed: { readonly error: unknown } | undefined = undefined;

  /** @param prepares whether statements are prepared */
  constructor(prepares: boolean) {
    this.#prepares = prepares;
  }

  /** The process id of the server process; undefined before it is known. */
  get backend(): number | undefined {
    if (!this.#prepares) return this.#pooledBackend;
    return this.#first && backendOf(this.#first);
  }

  /** Sends the settings of the transaction, see `localSettings`. Must come before all statements. */
  async begin(settings: string | undefined): Promise<void> {
    if (settings === undefined) return;
    const [row] = await this.#send((sql, link) => link.run(sql.unsafe(settings), this.watch));
    this.#pooledBackend = Number(row!["pid"]);
  }

  query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    options.signal?.throwIfAborted();
    return this.#send(async (sql, link) => {
      const query = send(sql, statement, this.#prepares);
      const rows = link.run(query, this.watch);
      this.#first ??= query;
      return readRows(await rows, statement);
    });
  }

  async script(text: string): Promise<void> {
    await this.#send((sql, link) => link.run(sql.unsafe(text), this.watch));
  }

  async #send<T>(send: (sql: Sender, link: Link) => Promise<T>): Promise<T> {
    if (this.sql === undefined) throw new StoreUnavailable("the transaction is over");
    try {
      return await send(this.sql, this.link!);
    } catch (error) {
      if (isConnectionLost(error)) this.isLost = true;
      throw driverFailure(error);
    }
  }
}
