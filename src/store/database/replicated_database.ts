/**
 * A database with a replica that answers the long queries.
 *
 * @module
 */

import type {
  Database,
  ListenEvents,
  Listening,
  ListeningDatabase,
  Session,
  Statement,
  StatementOptions,
  TransactionOptions,
} from "./database.ts";
import type { PoolStats } from "../event_store.ts";

/**
 * Sends long queries to a replica and everything else to the primary. Not short ones, because
 * checking whether the replica is up to date costs as much as a short query.
 *
 * A query sees everything that was committed before it began, as on the primary: the primary is
 * asked for its WAL position, and the replica waits until it has replayed that. If the replica is
 * unreachable or more than a second behind, the primary answers.
 */
export class ReplicatedDatabase implements ListeningDatabase {
  readonly #primary: ListeningDatabase;
  readonly #replica: Database;

  /** Takes over both databases, and closes them when it is closed. */
  constructor(primary: ListeningDatabase, replica: Database) {
    this.#primary = primary;
    this.#replica = replica;
  }

  /** Those of the primary. */
  get stats(): PoolStats {
    return this.#primary.stats!;
  }

  async query<Row>(
    statement: Statement<Row>,
    options: StatementOptions = {},
  ): Promise<readonly Row[]> {
    const isReplicas = options.isShort !== true && await this.#isUpToDate(options.signal);
    return await (isReplicas ? this.#replica : this.#primary).query(statement, options);
  }

  async script(sql: string): Promise<void> {
    await this.#primary.script(sql);
  }

  async transaction<T>(
    work: (session: Session) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    return await this.#primary.transaction(work, options);
  }

  async listen(channel: string, events: ListenEvents): Promise<Listening> {
    return await this.#primary.listen(channel, events);
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary.close(), this.#replica.close()]);
  }

  async #isUpToDate(signal: AbortSignal | undefined): Promise<boolean> {
    const [position] = await this.#primary.query(selectPosition, { signal, isShort: true });
    try {
      const [isThere] = await this.#replica.query(waitFor(position!), { signal });
      return isThere === 1;
    } catch {
      signal?.throwIfAborted();
      return false;
    }
  }
}

/** The end of the primary's WAL; every visible commit is before it. */
const selectPosition: Statement<string> = {
  text: "select pg_current_wal_insert_lsn()::text",
  parameters: [],
  read: (cells) => cells.text(0),
};

/**
 * Waits for the replica to replay up to `position`, for at most a second and in steps of five
 * milliseconds; returns 1 when it has.
 */
function waitFor(position: string): Statement<number> {
  const isThere = "(not pg_is_in_recovery() or pg_last_wal_replay_lsn() >= $1::pg_lsn)";
  return {
    text: `with recursive wait (tries, is_there) as (
  select 0, ${isThere}
  union all
  select tries + 1, case when pg_sleep(0.005) is null then false else ${isThere} end
  from wait where not is_there and tries < 200
)
select bool_or(is_there)::int from wait`,
    parameters: [position],
    read: (cells) => cells.integer(0),
  };
}
