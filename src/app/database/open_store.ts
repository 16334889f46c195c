/**
 * From a database's URL to a store.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ManagedPostgres } from "../../postgres_server/managed_postgres.ts";
import type { PostgresConfOptions } from "../../postgres_server/postgres_conf.ts";
import type { Database } from "../../store/database/database.ts";
import { checkServer } from "../../store/database/check_server.ts";
import { buildIndexes } from "../../store/write/deferred_indexes.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import { Housekeeping } from "../../store/database/housekeeping.ts";
import { MemoryStore } from "../../store/memory.ts";
import { migrate, type Migration } from "../../store/database/migrations.ts";
import { openPglite } from "../../store/database/pglite.ts";
import { openPostgres, type PostgresOptions } from "../../store/database/postgres.ts";
import { ReplicatedDatabase } from "../../store/database/replicated_database.ts";
import { SqlStore } from "../../store/sql_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { WindowStore } from "../../store/window/window_store.ts";
import { chooseDatabase, withoutPassword } from "./choose_database.ts";
import { retentionRules } from "./retention_rules.ts";
import { searchLimits } from "../relay_limits.ts";
import type { Settings } from "../settings/setting_list.ts";
import { sha256, sha256OfText } from "../system/sha256.ts";
import { systemClock } from "../system/system_clock.ts";

const PGLITE = "pglite:";
const MANAGED = "managed:";

/**
 * Connections that write. A relay writes two batches at a time, and what comes beside takes another; an
 * import keeps all of them busy.
 */
const WRITE_CONNECTIONS = 3;

/** One that waits for the disk leaves a core to another. */
const MIN_LONG_QUERIES = 2;

const BYTES_PER_MIB = 1_048_576;

/** Inside a compiled program too, when it was made with `--include migrations`. */
const migrationFolder = new URL("../../../migrations/", import.meta.url);

/**
 * Opens the store that the settings name and brings its schema up to date; a database that the relay
 * runs itself speaks through the log. Rejects with {@link StoreUnavailable} when it cannot be had.
 */
export async function openStore(
  settings: Settings,
  log: Log,
): Promise<TidyStore> {
  const { database, search, limits } = settings;
  const { url } = await chooseDatabase(database);
  if (url === "memory:") {
    const pause = () => new Promise<void>((resolve) => void systemClock.after(0, resolve));
    return new MemoryStore(systemClock, search.max_candidates, pause);
  }
  const sql = await openDatabase(url, { ...database, readTimeoutMs: lastResortMs(limits) }, log);
  try {
    if (isServer(url)) await checkServer(sql);
    const applied = await migrate(sql, await readMigrations(), sha256);
    if (applied.length > 0) log.info("schema brought up to date", { migrations: applied.length });
    const built = await buildIndexes(sql);
    if (built.length > 0) {
      log.warn("indexes built that an import had left out", { indexes: built.length });
    }
  } catch (error) {
    await sql.close();
    throw error;
  }
  return new SqlStore(sql, sha256OfText, {
    searchableKinds: searchLimits(settings)?.kinds,
    searchCandidates: search.max_candidates,
    maxFetchedBytes: limits.max_fetched_bytes,
    clock: systemClock,
  });
}

/**
 * When the server ends a query by itself: a little after it should have been told to, for the case that
 * this did not get through.
 */
function lastResortMs(limits: Settings["limits"]): number {
  const { req_timeout_ms, search_timeout_ms, count_timeout_ms } = limits;
  return Math.max(req_timeout_ms, search_timeout_ms, count_timeout_ms) + 1_000;
}

function openDatabase(
  url: string,
  settings: Settings["database"] & { readonly readTimeoutMs: number },
  log: Log,
): Promise<Database> {
  const sharedBuffersMb = settings.shared_buffers_mb;
  if (url.startsWith(PGLITE)) {
    return openHousekept(url.slice(PGLITE.length), sharedBuffersMb, log);
  }
  const postgres = {
    readConnections: Math.max(1, settings.pool_size - WRITE_CONNECTIONS),
    writeConnections: WRITE_CONNECTIONS,
    readTimeoutMs: settings.readTimeoutMs,
    writeTimeoutMs: settings.write_timeout_ms,
    clock: systemClock,
  };
  if (url.startsWith(MANAGED)) {
    const connections = settings.pool_size;
    const options = { log, connections, postgres, sharedBuffersMb };
    return openManaged(url.slice(MANAGED.length), options);
  }
  if (isServer(url)) {
    const primary = openPostgres(url, postgres);
    return Promise.resolve(
      settings.read_url === ""
        ? primary
        : new ReplicatedDatabase(primary, openPostgres(settings.read_url, postgres)),
    );
  }
  return Promise.reject(new StoreUnavailable(`cannot open ${withoutPassword(url)}`));
}

/** Whether it is a server of the operator's, which may be anything. */
function isServer(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

/** PGlite, which nobody else keeps in order. */
async function openHousekept(
  path: string,
  sharedBuffersMb: number,
  log: Log,
): Promise<Database> {
  const database = await openPglite(path, { sharedBuffersMb, clock: systemClock });
  const housekeeping = new Housekeeping(database, { clock: systemClock, log });
  return {
    query: (statement, options) => database.query(statement, options),
    script: (sql) => database.script(sql),
    transaction: (work, how) => database.transaction(work, how),
    async close() {
      await housekeeping.stop();
      await database.close();
    },
  };
}

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

/**
 * All migrations, oldest first.
 */
export async function readMigrations(): Promise<readonly Migration[]> {
  const files = (await Array.fromAsync(Deno.readDir(migrationFolder)))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  return await Promise.all(files.map(async (file) => ({
    name: file.slice(0, -".sql".length),
    sql: await Deno.readTextFile(new URL(file, migrationFolder)),
  })));
}

/** The store, with a window before it where the settings ask for one and it can be exact. */
export function withWindow(store: TidyStore, settings: Settings, clock: Clock): TidyStore {
  const maxBytes = settings.cache.max_mib * BYTES_PER_MIB;
  return maxBytes === 0 || othersMayRemove(settings)
    ? store
    : new WindowStore(store, { maxBytes, clock });
}

/** What another instance removes for its age or size is told to nobody. */
function othersMayRemove(settings: Settings): boolean {
  const { ages, maxBytes } = retentionRules(settings);
  const isRemoving = maxBytes !== Infinity || ages.some(({ maxAgeS }) => maxAgeS !== Infinity);
  return isRemoving && isServer(settings.database.url);
}
