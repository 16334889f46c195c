/**
 * The data of a private server that were made by another major version of Postgres.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import type { Log } from "../../base/log.ts";
import { upgradedPath, versionOf } from "../../postgres_server/data_cluster.ts";
import type { InstalledPostgres } from "../../postgres_server/managed_postgres.ts";
import { findPostgresPackage, majorVersion } from "../../postgres_server/postgres_package.ts";
import type { Database } from "../../store/database/database.ts";
import { migrate, MigrationMismatch } from "../../store/database/migrations.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import { SqlStore } from "../../store/sql_store.ts";
import { sha256, sha256OfText } from "../system/sha256.ts";
import { systemClock } from "../system/system_clock.ts";
import { openManaged } from "./open_database.ts";
import { readMigrations } from "./schema.ts";

/** The major versions of the data in the directory of a private server, and of the package. */
interface ClusterVersions {
  readonly data: string;
  readonly packaged: string;
}

/** Finds both, or says why it cannot. */
export async function clusterVersions(
  directory: string,
): Promise<ClusterVersions | { readonly fault: string }> {
  const found = await findPostgresPackage();
  if ("fault" in found) return found;
  const path = `${directory}/data`;
  // The second one is of an upgrade that was killed, and whoever opens the data ends that.
  const data = await versionOf(path) ?? await versionOf(upgradedPath(path));
  if (data === undefined) {
    return {
      fault: `there are no data in ${path}: name the relay's by --data, --database or --config`,
    };
  }
  return { data, packaged: majorVersion(found) };
}

/**
 * The programs of a major version: in the directory `programs` if it is given, else where the relay that
 * made the data has laid them out. Or why there are none.
 */
export async function findPrograms(
  directory: string,
  major: string,
  programs: string | undefined,
): Promise<InstalledPostgres | { readonly fault: string }> {
  const found = programs === undefined ? await laidOut(directory, major) : [programs];
  for (const bin of found) {
    const version = await programVersion(`${bin}/postgres`);
    if (version === undefined || version.split(".")[0] !== major) continue;
    return { version, programs: { initdb: `${bin}/initdb`, postgres: `${bin}/postgres` } };
  }
  const where = programs ?? directory;
  return {
    fault: `the data in ${directory}/data are of Postgres ${major}, and ${where} has no programs ` +
      `of it that run here: name their directory by --programs, such as ` +
      `/usr/lib/postgresql/${major}/bin`,
  };
}

/** A server to start, with the programs that its data need. */
interface OlderCluster {
  readonly directory: string;
  readonly installed: InstalledPostgres;
  readonly log: Log;
}

/**
 * Starts the server, has `read` read a store with the schema of this version, and stops the server. The
 * data stay as they are: the schema is brought up to date in a transaction that is rolled back, and what
 * reads is part of it. The relay that made the data would refuse a newer schema.
 */
export async function readOlderCluster<T>(
  { directory, installed, log }: OlderCluster,
  read: (store: SqlStore) => Promise<T>,
): Promise<T> {
  const database = await openManaged(directory, {
    ...{ log, installed, connections: 3 },
    postgres: { readConnections: 1, writeConnections: 1, clock: systemClock },
  });
  try {
    return await rolledBack(database, async (session) => {
      await migrate(session, await readMigrations(), sha256);
      return await read(new SqlStore(session, sha256OfText));
    });
  } catch (error) {
    if (!(error instanceof MigrationMismatch)) throw error;
    throw new StoreUnavailable(error.message, { cause: error });
  } finally {
    await database.close();
  }
}

/** Gives what `work` gives, and rolls back what it did. For `work`, the transaction is the database. */
async function rolledBack<T>(
  database: Database,
  work: (session: Database) => Promise<T>,
): Promise<T> {
  let done: { readonly value: T } | undefined;
  await database.transaction(async (session) => {
    const whole: Database = {
      query: (statement, options) => session.query(statement, options),
      script: (sql) => session.script(sql),
      transaction: (part) => part(session),
      close: () => Promise.resolve(),
    };
    done = { value: await work(whole) };
    throw new RolledBack();
  }, { isUnhurried: true }).catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error;
  });
  assert(done !== undefined, "only what is done is rolled back");
  return done.value;
}

class RolledBack extends Error {}

/** The directories of programs that relays have laid out beside the data, the newest version first. */
async function laidOut(directory: string, major: string): Promise<readonly string[]> {
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  return names.filter((name) => name.startsWith(`postgres-${major}.`))
    .sort((one, other) => other.localeCompare(one, "en", { numeric: true }))
    .map((name) => `${directory}/${name}/bin`);
}

/** What a program says that it is: `postgres (PostgreSQL) 15.9 (Debian 15.9-0+deb12u1)`. */
async function programVersion(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(program, {
      args: ["--version"],
      ...{ stdin: "null", stderr: "null" } as const,
    }).output();
    return / ([\d.]+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}
