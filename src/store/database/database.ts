/**
 * The port to a database that speaks SQL: what the store needs of one, and no more. `postgres.ts` and
 * `pglite.ts` implement it.
 *
 * @module
 */

import type { Source } from "../../base/fair_queue.ts";
import type { TimeBudget } from "./time_budget.ts";
import { type PoolStats, StoreUnavailable } from "../event_store.ts";

/**
 * How the connections that write name themselves. The feed looks for it (`selectOldestWrite`): whoever
 * writes events under another name is not waited for.
 */
export const WRITER_NAME = "gallimimus write";

/** The name of the connection on which an instance listens. */
export const LISTENER_NAME = "gallimimus listen";

/** The value of one `$n`; bytes for a `bytea`. Arrays travel as array literals, see `array_literal.ts`. */
export type Parameter = string | number | Uint8Array;

/** One row, as the text that Postgres writes for each column. Columns count from 0. */
export interface Cells {
  /** A `bytea` column as lower-case hex. */
  hex(column: number): string;
  /** An integer column. Our integers stay below 2^53. */
  integer(column: number): number;
  /** A `text` column. */
  text(column: number): string;
  /** The UTF-8 of a `text` column: a copy that the caller may keep. */
  utf8(column: number): Uint8Array;
}

/**
 * A statement as a value. Its text takes few forms, so that a connection parses and plans each once and
 * keeps it; everything that varies is a parameter.
 */
export interface Statement<Row> {
  readonly text: string;
  readonly parameters: readonly Parameter[];
  /** Turns a row into what it means. */
  readonly read: (cells: Cells) => Row;
}

/** How one statement may be cut short. */
export interface StatementOptions {
  /** Ends the statement, at the database where that is possible. The call rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The time that it has; it counts from when the database begins. Default: no end. */
  readonly timeBudget?: TimeBudget | undefined;
  /**
   * Whether its form bounds what it reads, so that it may use what is kept for such. Default: no.
   */
  readonly isShort?: boolean;
  /** On whose behalf: where statements wait, sources have their turns. Default: the relay's own. */
  readonly source?: Source | undefined;
}

/** Somewhere to send statements. */
export interface Session {
  /** Runs a statement and gives all its rows. */
  query<Row>(statement: Statement<Row>, options?: StatementOptions): Promise<readonly Row[]>;
  /** Runs SQL of several statements and no parameters. */
  script(sql: string): Promise<void>;
}

/** What a connection that listens brings. */
export interface ListenEvents {
  /** A notification, in the order of commits. */
  onPayload(payload: string): void;
  /** The connection is lost; nothing follows. Called at most once, and not after {@link Listening.close}. */
  onLost(error: Error): void;
}

/** A connection that listens until it is closed or lost. */
export interface Listening {
  /** Runs a statement on this very connection: what was notified before it ends is heard before. */
  query<Row>(statement: Statement<Row>): Promise<readonly Row[]>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** How a transaction is run. */
export interface TransactionOptions {
  /** Whether a statement in it may take as long as it takes: to build an index. Default: no. */
  readonly isUnhurried?: boolean;
}

/**
 * A database. Calls reject with {@link StoreUnavailable} when it cannot be had or gave up, and with
 * {@link StatementFailed} when it refused the statement.
 */
export interface Database extends Session {
  /** What the connections that answer queries do; undefined where there is but one. */
  readonly stats?: PoolStats;
  /**
   * Runs `work` between BEGIN and COMMIT, at the isolation level READ COMMITTED: each statement sees
   * what was committed before it. Rolls back when `work` rejects. Statements that `work` starts without
   * waiting in between travel together.
   *
   * Rejects with {@link TransactionLost} when the connection was lost after BEGIN.
   */
  transaction<T>(
    work: (session: Session) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;
  /**
   * Lets what runs come to its end for a moment, and disconnects from a database that does not answer all
   * the same. Idempotent.
   */
  close(): Promise<void>;
}

/** A database that other processes may write to. */
export interface ListeningDatabase extends Database {
  /** Listens for notifications on a connection of its own. */
  listen(channel: string, events: ListenEvents): Promise<Listening>;
}

/**
 * The connection was lost in the midst of a transaction. Whether that committed is unknown: what is begun
 * again must be such that it does no harm twice.
 */
export class TransactionLost extends StoreUnavailable {}

/** The database understood the statement and refused it. */
export class StatementFailed extends Error {
  override readonly name = "StatementFailed";
  /** Five characters that say why, the first two the class. */
  readonly sqlState: string;

  constructor(message: string, sqlState: string, cause: unknown) {
    super(message, { cause });
    this.sqlState = sqlState;
  }
}

/**
 * What a driver's error means to the store.
 *
 * @param sqlState the five characters of the database's answer; undefined when there was no answer.
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

/** Classes of answers that say nothing of the statement, only that it cannot be served now. */
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

/** A former primary that has become a standby. */
const READ_ONLY = "25006";

function isOutage(sqlState: string): boolean {
  return sqlState === READ_ONLY || OUTAGE_CLASSES.has(sqlState.slice(0, 2));
}
