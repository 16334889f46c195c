/**
 * The interface to an SQL database, as narrow as the store allows. Implemented by `postgres.ts` and
 * `pglite.ts`.
 *
 * @module
 */

import type { Source } from "../../base/fair_queue.ts";
import type { TimeBudget } from "./time_budget.ts";
import { type PoolStats, StoreUnavailable } from "../event_store.ts";

/**
 * The `application_name` of connections that write. The feed looks for it (`selectOldestWrite`),
 * and does not wait for writers under another name.
 */
export const WRITER_NAME = "gallimimus write";

/** The `application_name` of the connection on which an instance listens. */
export const LISTENER_NAME = "gallimimus listen";

/**
 * The value of one `$n`; bytes for a `bytea`. Arrays are sent as array literals, see
 * `array_literal.ts`.
 */
export type Parameter = string | number | Uint8Array;

/** One row in the text format of Postgres. Columns count from 0. */
export interface Cells {
  /** A `bytea` column as lower-case hex. */
  hex(column: number): string;
  /** An integer column. Our integers are below 2^53. */
  integer(column: number): number;
  /** A `text` column. */
  text(column: number): string;
  /** The UTF-8 of a `text` column: a copy that the caller may keep. */
  utf8(column: number): Uint8Array;
}

/**
 * A statement as a value. There are few different texts, so that a connection can parse and plan
 * each once and keep it; everything that varies is a parameter.
 */
export interface Statement<Row> {
  readonly text: string;
  readonly parameters: readonly Parameter[];
  /** Decodes a row. */
  readonly read: (cells: Cells) => Row;
}

/** How a statement may be cut short. */
export interface StatementOptions {
  /**
   * Cancels the statement, at the server where possible. The call then rejects with the signal's
   * reason.
   */
  readonly signal?: AbortSignal | undefined;
  /** The time budget of its query, which runs while the database works. Default: no limit. */
  readonly timeBudget?: TimeBudget | undefined;
  /**
   * Whether the form of the statement bounds what it reads, so that it may use a reserved
   * connection. Default: no.
   */
  readonly isShort?: boolean;
  /**
   * On whose behalf it runs: waiting statements are scheduled fairly between sources. Default: the
   * relay itself.
   */
  readonly source?: Source | undefined;
}

/** Something that runs statements. */
export interface Session {
  /** Runs a statement and returns all its rows. */
  query<Row>(statement: Statement<Row>, options?: StatementOptions): Promise<readonly Row[]>;
  /** Runs SQL of several statements without parameters. */
  script(sql: string): Promise<void>;
}

/** The events of a connection that listens. */
export interface ListenEvents {
  /** A notification, in commit order. */
  onPayload(payload: string): void;
  /**
   * The connection is lost; no event follows. Called at most once, and not after
   * {@link Listening.close}.
   */
  onLost(error: Error): void;
}

/** A connection that listens until it is closed or lost. */
export interface Listening {
  /**
   * Runs a statement on this connection. Notifications committed before it ends are delivered
   * first.
   */
  query<Row>(statement: Statement<Row>): Promise<readonly Row[]>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** How a transaction is run. */
export interface TransactionOptions {
  /** Whether its statements may take as long as they need, as for building an index. Default: no. */
  readonly isUnhurried?: boolean;
}

/**
 * A database. Calls reject with {@link StoreUnavailable} when it cannot be reached or fails, and
 * with {@link StatementFailed} when it rejects the statement.
 */
export interface Database extends Session {
  /**
   * Statistics of the connections that answer queries; undefined where there is only one
   * connection.
   */
  readonly stats?: PoolStats;
  /**
   * Runs `work` between BEGIN and COMMIT at the isolation level READ COMMITTED: each statement sees
   * what was committed before it began. Rolls back when `work` rejects. Statements that `work`
   * starts without waiting in between are pipelined.
   *
   * Rejects with {@link TransactionLost} when the connection was lost after BEGIN.
   */
  transaction<T>(
    work: (session: Session) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /**
   * Waits a moment for running statements, and then disconnects even if the database does not
   * answer. Idempotent.
   */
  close(): Promise<void>;
}

/** A database that other processes may write to. */
export interface ListeningDatabase extends Database {
  /** Listens for notifications on a connection of its own. */
  listen(channel: string, events: ListenEvents): Promise<Listening>;
}

/** Whether other processes, or threads, may write to the database. */
export function canListen(database: Database): database is ListeningDatabase {
  return "listen" in database;
}

/**
 * The connection was lost during a transaction, and it is unknown whether that committed. A
 * transaction that is repeated must be idempotent.
 */
export class TransactionLost extends StoreUnavailable {}

/** The database rejected the statement. */
export class StatementFailed extends Error {
  override readonly name = "StatementFailed";
  /** SQLSTATE: five characters, of which the first two are the class. */
  readonly sqlState: string;

  constructor(message: string, sqlState: string, cause: unknown) {
    super(message, { cause });
    this.sqlState = sqlState;
  }
}

/**
 * Maps a driver's error to an error of the store.
 *
 * @param sqlState the SQLSTATE of the answer; undefined when there was no answer.
 */
export function databaseError(
  cause: Error,
  sqlState: string | undefined,
): StoreUnavailable | StatementFailed {
  if (sqlState === undefined || !/^[0-9A-Z]{5}$/.test(sqlState) || isOutage(sqlState)) {
    return new StoreUnavailable(cause.message, { cause });
  }
  return new StatementFailed(cause.message, sqlState, cause);
}

/** SQLSTATE classes that say nothing about the statement, only that it cannot be served now. */
const OUTAGE_CLASSES: ReadonlySet<string> = new Set([
  "08", // connection exception
  "28", // invalid authorization
  "3D", // no such database
  "53", // insufficient resources
  "55", // object not in prerequisite state: the database takes no connections
  "57", // operator intervention: cancelled, shut down, timed out
  "58", // system error
  "XX", // internal error
]);

/** `read_only_sql_transaction`: a former primary that has become a standby. */
const READ_ONLY = "25006";

function isOutage(sqlState: string): boolean {
  return sqlState === READ_ONLY || OUTAGE_CLASSES.has(sqlState.slice(0, 2));
}
