/**
 * Opens the database of a relay in several threads.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { embeddedDirectory } from "../database/database_url.ts";
import { openShared, type SharedDatabase } from "../database/open_database.ts";
import { canBeShared, openStore } from "../database/open_store.ts";
import { inPart } from "../host_logs.ts";
import type { Settings } from "../settings/setting_list.ts";
import type { StoreSeat } from "./store_seat.ts";
import { StoreServer } from "./store_server.ts";
import { ThreadStore } from "./thread_store.ts";
import { connectionsOfWorkers } from "./worker_settings.ts";

/** A database that several threads use: each opens it, or each asks for the store of this one. */
export interface ThreadedDatabase extends SharedDatabase {
  /** Makes a place at the store of this thread. Absent where each opens the database itself. */
  readonly connect?: () => StoreSeat;
  /** Gives up the place of a thread that has ended. */
  readonly disconnect?: (seat: StoreSeat) => void;
}

/** What {@link openForThreads} needs. */
export interface ThreadedOptions {
  /** With the URL of the database. */
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens the database that the settings name, and migrates its schema. */
export async function openForThreads(options: ThreadedOptions): Promise<ThreadedDatabase> {
  const { settings, clock, log } = options;
  const { url } = settings.database;
  if (canBeShared(url)) return await openShared(settings, log, connectionsOfWorkers(settings));
  const store = await openStore(settings, log);
  const server = await StoreServer.start(store, { clock, log: inPart(log, "store") });
  const shared = {
    url,
    connect: () => server.connect(),
    disconnect: (seat: StoreSeat) => server.disconnect(seat),
  };
  const directory = embeddedDirectory(url);
  if (directory === undefined) return { ...shared, close: () => server.close() };
  // What commands change is told to all threads, as if one of them had changed it.
  const own = new ThreadStore(server.connect().access);
  return {
    ...shared,
    own: { store: own, directory },
    async close() {
      await own.close();
      await server.close();
    },
  };
}
