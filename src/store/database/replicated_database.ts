/**
 * A database with a replica, which answers the long queries, and all queries while the primary is
 * away. Why so: docs/decisions/0011-replicas.md.
 *
 * @module
 */

import { messageOf } from "../../base/error_text.ts";
import type { Log } from "../../base/log.ts";
import {
  type Database,
  type ListenEvents,
  type Listening,
  type ListeningDatabase,
  type Session,
  type Statement,
  StatementFailed,
  type StatementOptions,
  type TransactionOptions,
} from "./database.ts";
import { type PoolStats, QueryTimedOut, StoreUnavailable } from "../event_store.ts";
import type { StoreClock } from "../store_clock.ts";
import { ServerStanding } from "./server_standing.ts";
import { TimeBudget } from "./time_budget.ts";

/** When a replica is asked, and who hears of it. */
interface ReplicaOptions {
  /**
   * How long a query waits for the replica to replay what was committed before, milliseconds. One
   * that takes longer is not asked until it has caught up.
   */
  readonly maxLagMs: number;
  readonly clock: StoreClock;
  readonly log: Log;
}

/** How long the replica has to answer, besides {@link ReplicaOptions.maxLagMs}. */
const ANSWER_MS = 2_000;

/** The interval at which a server that is away is asked again, while there are queries. */
const RETRY_MS = 1_000;

/**
 * Sends long queries to a replica and everything else to the primary. Not short ones, because
 * checking whether the replica is up to date costs as much as a short query.
 *
 * A query sees everything that was committed before it began, as on the primary: the primary is
 * asked for its WAL position, and the replica waits until it has replayed that. If it stays behind,
 * is unreachable, cancels the query because of what it replays, or is no standby of this primary,
 * the primary answers.
 *
 * While the primary is away, the replica answers all queries, when it has replayed all that it
 * received and is not behind the last position that the primary told. If the primary waits for this
 * replica (`synchronous_standby_names`), nothing that was committed is missing.
 */
export class ReplicatedDatabase implements ListeningDatabase {
  readonly #primary: ListeningDatabase;
  readonly #replica: Database;
  readonly #options: ReplicaOptions;
  readonly #primaryStanding: ServerStanding;
  readonly #replicaStanding: ServerStanding;
  /** Connections that listen at the primary. */
  #listeners = 0;
  /** What the primary told last: the end of its WAL, bytes. */
  #position = 0;
  /** Of the primary, see {@link selectIdentity}; undefined until it was asked. */
  #identity: string | undefined = undefined;
  /** Whether the replica has been compared with that since it was away. */
  #isCompared = false;

  /** Takes over both databases, and closes them when it is closed. */
  constructor(primary: ListeningDatabase, replica: Database, options: ReplicaOptions) {
    this.#primary = primary;
    this.#replica = replica;
    this.#options = options;
    const { log, clock } = options;
    const standing = { log, clock, retryMs: RETRY_MS };
    this.#primaryStanding = new ServerStanding({
      ...standing,
      lost: "primary away, the replica answers queries",
      restored: "primary answers again",
    });
    this.#replicaStanding = new ServerStanding({
      ...standing,
      lost: "replica not asked, the primary answers queries",
      restored: "replica answers again",
    });
  }

  /** Those of the primary. */
  get stats(): PoolStats {
    return this.#primary.stats!;
  }

  async query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    const wasAway = this.#primaryStanding.isAway;
    const isReplicas = wasAway || options.isShort !== true;
    const rows = isReplicas ? await this.#askReplica(statement, options) : undefined;
    if (rows !== undefined) return rows;
    try {
      return await this.#primary.query(statement, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (wasAway || !(error instanceof StoreUnavailable)) throw error;
      // The server may have failed this statement alone.
      if (await this.#askPosition(options.signal) !== undefined) throw error;
      const others = await this.#askReplica(statement, options);
      if (others === undefined) throw error;
      return others;
    }
  }

  async script(sql: string): Promise<void> {
    await this.#primary.script(sql);
    await this.#noteWritten();
  }

  async transaction<T>(
    work: (session: Session) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const result = await this.#primary.transaction(work, options);
    await this.#noteWritten();
    return result;
  }

  /**
   * While a connection listens, the primary is not away, whatever else fails: what is read then may
   * be kept for long (the window, `AskedAddresses`), and so comes from the primary or from a replica
   * that is known to have all.
   */
  async listen(channel: string, { onPayload, onLost }: ListenEvents): Promise<Listening> {
    let isOpen = false;
    const end = () => {
      if (isOpen) this.#listeners--;
      isOpen = false;
    };
    const listening = await this.#primary.listen(channel, {
      onPayload,
      onLost: (error) => {
        end();
        // Lost it may be because the server is a standby now, which answers short queries all the same.
        void this.#askPosition(undefined).catch(() => {});
        onLost(error);
      },
    });
    isOpen = true;
    this.#listeners++;
    this.#primaryStanding.answered();
    const close = () => {
      end();
      return listening.close();
    };
    return { query: (statement) => listening.query(statement), close };
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary.close(), this.#replica.close()]);
  }

  /**
   * A primary that commits is not away. Asked before the commit is acknowledged, because the replica
   * may not receive from it again yet.
   */
  async #noteWritten(): Promise<void> {
    if (this.#primaryStanding.isAway) await this.#askPosition(undefined);
  }

  /** Undefined when the primary has to answer. */
  async #askReplica<Row>(
    statement: Statement<Row>,
    options: StatementOptions,
  ): Promise<readonly Row[] | undefined> {
    if (!await this.#mayReplicaAnswer(options.signal)) return undefined;
    try {
      return await this.#replica.query(statement, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof QueryTimedOut) throw error;
      // Any other error is the statement's, and the primary makes it too, or a conflict with what
      // is replayed.
      if (error instanceof StoreUnavailable) this.#setReplicaAway(error.message);
      return undefined;
    }
  }

  async #mayReplicaAnswer(signal: AbortSignal | undefined): Promise<boolean> {
    if (!this.#replicaStanding.isAway) return await this.#catchUp(signal);
    if (this.#replicaStanding.isDue()) void this.#catchUp(undefined).catch(() => {});
    return false;
  }

  /** Waits until the replica has all that a query that begins now must find; false if it has not. */
  async #catchUp(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#primaryStanding.isDue()) void this.#askPosition(undefined).catch(() => {});
    const position = this.#primaryStanding.isAway ? undefined : await this.#askPosition(signal);
    if (position === undefined && !this.#primaryStanding.isAway) return false;
    const progress = await this.#progressTo(position, signal);
    if (progress === "there") this.#replicaStanding.answered();
    else this.#setReplicaAway(progress);
    return progress === "there";
  }

  #setReplicaAway(why: string): void {
    this.#isCompared = false;
    this.#replicaStanding.failed(why);
  }

  /** The end of the primary's WAL, bytes; every visible commit is before it. Undefined if it is away. */
  async #askPosition(signal: AbortSignal | undefined): Promise<number | undefined> {
    try {
      // Without a time budget: a primary that is slow still commits, and is not to be taken for away.
      const [position] = await this.#primary.query(selectPosition, { signal, isShort: true });
      this.#position = position!;
      this.#primaryStanding.answered();
      return position;
    } catch (error) {
      signal?.throwIfAborted();
      if (this.#listeners === 0) this.#primaryStanding.failed(messageOf(error));
      return undefined;
    }
  }

  /**
   * Whether the replica is there, or why it is not.
   *
   * @param position of the primary; undefined while it is away
   */
  async #progressTo(
    position: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { maxLagMs, clock } = this.#options;
    const isPrimaryAway = position === undefined;
    try {
      if (!await this.#isSameDatabase(signal)) return "it is no replica of the primary's database";
      const timeBudget = new TimeBudget(maxLagMs + ANSWER_MS, clock);
      const [progress] = await this.#replica.query(
        waitFor({ position: position ?? this.#position, isPrimaryAway, maxLagMs }),
        { signal, timeBudget, isShort: true },
      );
      return progress!;
    } catch (error) {
      signal?.throwIfAborted();
      return messageOf(error);
    }
  }

  async #isSameDatabase(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#isCompared) return true;
    this.#identity ??= await this.#identityOf(this.#primary, signal);
    if (await this.#identityOf(this.#replica, signal) !== this.#identity) return false;
    this.#isCompared = true;
    return true;
  }

  async #identityOf(database: Database, signal: AbortSignal | undefined): Promise<string> {
    try {
      const [identity] = await database.query(selectIdentity, { signal, isShort: true });
      return identity!;
    } catch (error) {
      // A hosted server may forbid it; then the operator has to know.
      if (error instanceof StatementFailed) return "";
      throw error;
    }
  }
}

/** `pg_current_wal_insert_lsn` fails on a standby, so one is never taken for the primary. */
const selectPosition: Statement<number> = {
  text: "select (pg_current_wal_insert_lsn() - '0/0')::int8",
  parameters: [],
  read: (cells) => cells.integer(0),
};

/** A standby has the system identifier of its primary. */
const selectIdentity: Statement<string> = {
  text: "select system_identifier || ' ' || current_database() from pg_control_system()",
  parameters: [],
  read: (cells) => cells.text(0),
};

/**
 * Waits in steps of five milliseconds, and returns "there" or why the replica must not answer. While
 * the primary is away, one that was promoted has all there is; else it is another primary.
 */
function waitFor(
  { position, isPrimaryAway, maxLagMs }: {
    readonly position: number;
    readonly isPrimaryAway: boolean;
    readonly maxLagMs: number;
  },
): Statement<string> {
  const replayed = "pg_last_wal_replay_lsn()";
  const isThere = `(case when not pg_is_in_recovery() then $2::bool
    when ${replayed} - '0/0' < $1::int8 then false
    else not $2::bool or ${replayed} >= coalesce(pg_last_wal_receive_lsn(), ${replayed}) end)`;
  return {
    text: `with recursive wait (tries, is_there) as (
  select 0, ${isThere}
  union all
  select tries + 1, case when pg_sleep(0.005) is null then false else ${isThere} end
  from wait where not is_there and pg_is_in_recovery() and tries < $3::int4
)
select case when bool_or(is_there) then 'there'
  when pg_is_in_recovery() then 'it is behind the primary'
  else 'it is no standby any more' end
from wait`,
    parameters: [position, isPrimaryAway ? "true" : "false", Math.ceil(maxLagMs / 5)],
    read: (cells) => cells.text(0),
  };
}
