/**
 * The database of a server that the relay runs itself.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import type { Database } from "../../store/database/database.ts";
import { openPostgres, type PostgresOptions } from "../../store/database/postgres.ts";
import type { PostgresConfOptions } from "../../postgres_server/postgres_conf.ts";
import { ManagedPostgres } from "../../postgres_server/managed_postgres.ts";
import { systemClock } from "../system/system_clock.ts";

/** One that waits for the disk leaves a core to another. */
const MIN_LONG_QUERIES = 2;

/** How the server and the connections to it are set. */
export interface OpenManagedOptions extends PostgresConfOptions {
  readonly log: Log;
  readonly postgres: PostgresOptions;
}

/**
 * Starts the server of the directory `path` and connects to it. Closing the database stops the server.
 *
 * Rejects with `StoreUnavailable` when it cannot be had.
 */
export async function openManaged(path: string, options: OpenManagedOptions): Promise<Database> {
  const { postgres, ...own } = options;
  const server = await ManagedPostgres.start(path, { ...own, clock: systemClock });
  // The server shares the machine: more long queries than there are cores only make each other slower,
  // and the short ones with them.
  const longQueries = Math.max(MIN_LONG_QUERIES, navigator.hardwareConcurrency);
  const database = openPostgres(server.url, { ...postgres, longQueries });
  return {
    query: (statement, options) => database.query(statement, options),
    script: (sql) => database.script(sql),
    transaction: (work, how) => database.transaction(work, how),
    async close() {
      await database.close();
      await server.stop();
    },
  };
}
