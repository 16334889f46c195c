/**
 * Replaces autovacuum, which an embedded database does not have.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Database, Statement } from "./database.ts";

/** The interval at which tables are checked, milliseconds. */
const PERIOD_MS = 600_000;

/** A table is vacuumed when a fifth of its rows, and at least this many, have changed. */
const MIN_CHANGES = 1_000;

/**
 * The table with the largest share of changed rows since its last vacuum. One at a time, because
 * all else waits for the only connection meanwhile.
 */
const selectWorst: Statement<string> = {
  text: `select quote_ident(relname) from pg_stat_user_tables
    where n_dead_tup + n_ins_since_vacuum >= greatest($1::int8, (n_live_tup + n_dead_tup) / 5)
    order by (n_dead_tup + n_ins_since_vacuum)::float8 / greatest(n_live_tup, 1) desc limit 1`,
  parameters: [MIN_CHANGES],
  read: (cells) => cells.text(0),
};

/**
 * Vacuums and analyses the tables of a database without autovacuum, on a schedule. Otherwise dead
 * rows would stay on disk for ever, and index-only scans would visit the table for each row.
 */
export class Housekeeping {
  readonly #database: Pick<Database, "query" | "script">;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #timer: Timer;
  #running: Promise<void> | undefined = undefined;

  /** The first check is one period from now. */
  constructor(
    database: Pick<Database, "query" | "script">,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.#timer = clock.every(PERIOD_MS, () => void this.run());
  }

  /** Vacuums one table if one needs it, unless a run is in progress. A failure is logged. */
  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return this.#running;
  }

  /** Ends the schedule and waits for the running check. The database may be closed afterwards. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      // A session that is never idle for long does not flush its statistics by itself.
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
