/**
 * What an embedded database does not do by itself.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Database, Statement } from "./database.ts";

/** How often is looked whether there is something to do, milliseconds. */
const PERIOD_MS = 600_000;

/** A table is worth it when a fifth of it changed, and so many rows at least. */
const MIN_CHANGES = 1_000;

/**
 * The table that changed most, relative to its size, since it was seen to. One at a time: on the one
 * connection that there is, all else waits meanwhile.
 */
const selectWorst: Statement<string> = {
  text: `select quote_ident(relname) from pg_stat_user_tables
    where n_dead_tup + n_ins_since_vacuum >= greatest($1::int8, (n_live_tup + n_dead_tup) / 5)
    order by (n_dead_tup + n_ins_since_vacuum)::float8 / greatest(n_live_tup, 1) desc limit 1`,
  parameters: [MIN_CHANGES],
  read: (cells) => cells.text(0),
};

/**
 * Vacuums and analyses the tables of a database without autovacuum, on a schedule: otherwise what was
 * replaced stays on the disk for good, and index-only scans look into the table for each row.
 */
export class Housekeeping {
  readonly #database: Pick<Database, "query" | "script">;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #timer: Timer;
  #running: Promise<void> | undefined = undefined;

  /** Begins one period from now. */
  constructor(
    database: Pick<Database, "query" | "script">,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.#timer = clock.every(PERIOD_MS, () => void this.run());
  }

  /** Sees to one table, if one needs it, unless it is busy with one. A failure is told to the log. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return this.#running;
  }

  /** Ends the schedule and waits for what runs. The database may be closed afterwards. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      // A connection that is never idle for long keeps its counts to itself.
      await this.#database.script("select pg_stat_force_next_flush()");
      const [table] = await this.#database.query(selectWorst);
      if (table === undefined) return;
      const startedMs = this.#clock.monotonicMs();
      await this.#database.script(`vacuum (analyze) ${table}`);
      const tookMs = Math.round(this.#clock.monotonicMs() - startedMs);
      this.#log.info("table vacuumed", { table, tookMs });
    } catch (error) {
      this.#log.warn("table not vacuumed", { error: String(error) });
    }
  }
}
