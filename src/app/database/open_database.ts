/**
 * Opens the databases that are asked in SQL: PGlite, a private Postgres server, or a remote one.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import { type InstalledPostgres, ManagedPostgres } from "../../postgres_server/managed_postgres.ts";
import type { PostgresConfOptions } from "../../postgres_server/postgres_conf.ts";
import { checkDirect } from "../../store/database/check_server.ts";
import { DirectoryInUse } from "../../store/database/data_directory.ts";
import { canListen, type Database, type ListeningDatabase } from "../../store/database/database.ts";
import { Housekeeping } from "../../store/database/housekeeping.ts";
import { openPglite } from "../../store/database/pglite.ts";
import { openPostgres, type PostgresOptions } from "../../store/database/postgres.ts";
import { ReplicatedDatabase } from "../../store/database/replicated_database.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import { SqlStore } from "../../store/sql_store.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import { inPart } from "../host_logs.ts";
import { searchLimits } from "../relay_limits.ts";
import { withoutPassword } from "../settings/secrets.ts";
import { type Settings, settingsOn } from "../settings/setting_list.ts";
import { sha256OfText } from "../system/sha256.ts";
import { systemClock } from "../system/system_clock.ts";
import { chooseDatabase } from "./choose_database.ts";
import { embeddedDirectory } from "./database_url.ts";
import { directoryFault } from "./directory_fault.ts";
import { DiskWatch } from "./disk_watch.ts";
import {
  isServer,
  longestTimeoutMs,
  MANAGED,
  openStore,
  type ThreadOptions,
} from "./open_store.ts";
import { type SchemaChanges, updateSchema, type UpdateSchemaOptions } from "./schema.ts";
import { sliceOptions } from "./slice_options.ts";

const PGLITE = "pglite:";
const BYTES_PER_MIB = 1_048_576;

/**
 * Connections for writes. A relay writes two batches at a time and needs one more for other writes;
 * an import uses all of them.
 */
const WRITE_CONNECTIONS = 3;

/** At least two, even on one core: a query that waits for the disk leaves the core idle. */
const MIN_LONG_QUERIES = 2;

/**
 * Opens the store in the database that the settings name and migrates its schema. Rejects with
 * {@link StoreUnavailable} if the database cannot be opened.
 */
export async function openSqlStore(
  settings: Settings,
  ofProgram: Log,
  { longQueries, directory, diskLog, nearby }: ThreadOptions = {},
): Promise<TidyStore> {
  const log = inPart(ofProgram, "store");
  const { database, search, limits } = settings;
  const { url } = database;
  const readTimeoutMs = statementTimeoutMs(limits);
  const sql = await openDatabase(url, { ...database, readTimeoutMs, longQueries }, log);
  try {
    const { migrations, indexes } = await updateSchema(sql, { isServer: isServer(url) });
    if (database.direct_url !== "" && canListen(sql)) await checkDirect(sql);
    if (migrations.length > 0) {
      log.info("schema brought up to date", { migrations: migrations.length });
    }
    if (indexes.length > 0) {
      log.warn("indexes created that an interrupted import had dropped", {
        indexes: indexes.length,
      });
    }
  } catch (error) {
    await sql.close();
    throw error;
  }
  const disk = await watchDisk(
    directory ?? embeddedDirectory(url),
    database.min_free_mib,
    diskLog ?? log,
  );
  const watched = disk === undefined ? sql : closedWith(sql, disk);
  return new SqlStore(watched, sha256OfText, {
    disk,
    searchableKinds: searchLimits(settings)?.kinds,
    searchCandidates: search.max_candidates,
    maxFetchedBytes: limits.max_fetched_bytes,
    clock: systemClock,
    // Of several threads one tends them.
    slices: { ...sliceOptions(settings), isTended: nearby !== undefined },
    nearby,
  });
}

/**
 * Opens the database that the settings name, brings its schema up to date and closes it. Rejects with
 * {@link StoreUnavailable} as {@link openSqlStore} does.
 */
export async function updateDatabase(
  settings: Pick<Settings, "database" | "limits">,
  log: Log,
  options: Pick<UpdateSchemaOptions, "isDry">,
): Promise<SchemaChanges> {
  const { database, limits } = settings;
  const { url } = await chooseDatabase(database);
  const readTimeoutMs = statementTimeoutMs(limits);
  const sql = await openDatabase(url, { ...database, readTimeoutMs, longQueries: undefined }, log);
  try {
    return await updateSchema(sql, { ...options, isServer: isServer(url) });
  } finally {
    await sql.close();
  }
}

/**
 * The time after which the server itself ends a query: one second past the client's own time-out,
 * in case the cancel request is lost.
 */
function statementTimeoutMs(limits: Settings["limits"]): number {
  return longestTimeoutMs(limits) + 1_000;
}

function openDatabase(
  url: string,
  settings: Settings["database"] & {
    readonly readTimeoutMs: number;
    readonly longQueries: number | undefined;
  },
  log: Log,
): Promise<Database> {
  const sharedBuffersMb = settings.shared_buffers_mb;
  if (url.startsWith(PGLITE)) {
    return inDirectory(
      url.slice(PGLITE.length),
      (path) => openPgliteDatabase(path, sharedBuffersMb, log),
    );
  }
  const postgres = {
    readConnections: Math.max(1, settings.pool_size - WRITE_CONNECTIONS),
    writeConnections: WRITE_CONNECTIONS,
    readTimeoutMs: settings.readTimeoutMs,
    writeTimeoutMs: settings.write_timeout_ms,
    clock: systemClock,
    ...settings.longQueries !== undefined && { longQueries: settings.longQueries },
  };
  if (url.startsWith(MANAGED)) {
    const connections = settings.pool_size;
    const options = { log, connections, postgres, sharedBuffersMb };
    return inDirectory(url.slice(MANAGED.length), (path) => openManaged(path, options));
  }
  if (isServer(url)) {
    const { direct_url } = settings;
    const directUrl = direct_url === "" ? undefined : direct_url;
    const primary = openPostgres(url, { ...postgres, directUrl });
    if (settings.read_url === "") return Promise.resolve(primary);
    const replica = openPostgres(settings.read_url, postgres);
    const maxLagMs = settings.max_replica_lag_ms;
    return Promise.resolve(
      new ReplicatedDatabase(primary, replica, { maxLagMs, clock: systemClock, log }),
    );
  }
  return Promise.reject(new StoreUnavailable(`cannot open ${withoutPassword(url)}`));
}

/** Opens what is in a directory. Rejects with a sentence where the directory cannot be used. */
async function inDirectory<T>(path: string, open: (path: string) => Promise<T>): Promise<T> {
  try {
    return await open(path);
  } catch (error) {
    throw error instanceof DirectoryInUse ? error : directoryFault(path, error);
  }
}

/** Watches the disk of an embedded database; undefined for any other, and where nobody wants it. */
export async function watchDisk(
  directory: string | undefined,
  minFreeMib: number,
  log: Log,
): Promise<DiskWatch | undefined> {
  if (directory === undefined || minFreeMib === 0) return undefined;
  const minFreeBytes = minFreeMib * BYTES_PER_MIB;
  return await DiskWatch.start({ directory, minFreeBytes, clock: systemClock, log });
}

/** Opens PGlite, which has no autovacuum, with the maintenance that replaces it. */
async function openPgliteDatabase(
  path: string,
  sharedBuffersMb: number,
  log: Log,
): Promise<Database> {
  const database = await openPglite(path, { sharedBuffersMb, clock: systemClock });
  const housekeeping = new Housekeeping(database, { clock: systemClock, log });
  return withClose(database, async () => {
    await housekeeping.stop();
    await database.close();
  });
}

/** Settings of the private server and of the connections to it. */
export interface OpenManagedOptions extends PostgresConfOptions {
  readonly log: Log;
  readonly postgres: PostgresOptions;
  /** Programs of another version. Default: those of the package. */
  readonly installed?: InstalledPostgres | undefined;
}

/**
 * Starts the private server in the directory `path` and connects to it. Closing the database stops
 * the server.
 *
 * Rejects with `StoreUnavailable` if it cannot be started.
 */
export async function openManaged(path: string, options: OpenManagedOptions): Promise<Database> {
  const { postgres, ...own } = options;
  const server = await ManagedPostgres.start(path, { ...own, clock: systemClock });
  const database = openPostgres(server.url, { ...postgres, longQueries: longQueriesHere() });
  return withClose(database, async () => {
    await database.close();
    await server.stop();
  });
}

/**
 * How many long queries run at once on a server on the relay's machine: more than cores slow each
 * other down, and short queries with them.
 */
function longQueriesHere(): number {
  return Math.max(MIN_LONG_QUERIES, navigator.hardwareConcurrency);
}

/** A database that several threads use. */
export interface SharedDatabase {
  /** For `openStore` in each thread, where each opens it with a pool of its own. */
  readonly url: string;
  /** How many long queries may run at once, of all threads together; undefined leaves it to the pools. */
  readonly longQueries?: number;
  /** The store of an embedded database for this thread, and its directory. */
  readonly own?: { readonly store: TidyStore; readonly directory: string };
  /** Closes it, and stops the server if it is a private one. The threads are to be closed before. */
  close(): Promise<void>;
}

/**
 * Starts the server, if it is a private one, and migrates the schema.
 *
 * @param connections how many connections all threads together open
 */
export async function openShared(
  settings: Settings,
  log: Log,
  connections: number,
): Promise<SharedDatabase> {
  const { url, shared_buffers_mb: sharedBuffersMb } = settings.database;
  const open = (url: string, options?: ThreadOptions) =>
    openStore(settingsOn(url, settings), log, options);
  const directory = url.startsWith(MANAGED) ? url.slice(MANAGED.length) : undefined;
  if (directory === undefined) {
    const store = await open(url);
    await store.close();
    return { url, close: () => Promise.resolve() };
  }
  const options = { log: inPart(log, "store"), clock: systemClock, connections, sharedBuffersMb };
  const server = await inDirectory(directory, (path) => ManagedPostgres.start(path, options));
  const longQueries = longQueriesHere();
  try {
    const store = await open(server.url, { longQueries, directory });
    const close = async () => {
      await store.close();
      await server.stop();
    };
    return { url: server.url, longQueries, own: { store, directory }, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The database, which ends the watch when it is closed. It listens to notifications if it did before. */
function closedWith(database: Database, watch: DiskWatch): Database | ListeningDatabase {
  const own = withClose(database, async () => {
    watch.close();
    await database.close();
  });
  return canListen(database)
    ? { ...own, listen: (channel, events) => database.listen(channel, events) }
    : own;
}

/**
 * The database with another `close`. It does not listen to notifications: an embedded database has no
 * other instances.
 */
function withClose(database: Database, close: () => Promise<void>): Database {
  const { stats } = database;
  return {
    ...stats && { stats },
    query: (statement, options) => database.query(statement, options),
    script: (sql) => database.script(sql),
    transaction: (work, how) => database.transaction(work, how),
    close,
  };
}
