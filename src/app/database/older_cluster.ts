/**
 * The data of a private server that were made by another major version of Postgres.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";
import { versionOf } from "../../postgres_server/data_cluster.ts";
import type { InstalledPostgres } from "../../postgres_server/managed_postgres.ts";
import { findPostgresPackage, majorVersion } from "../../postgres_server/postgres_package.ts";
import { migrate } from "../../store/database/migrations.ts";
import { SqlStore } from "../../store/sql_store.ts";
import { sha256, sha256OfText } from "../system/sha256.ts";
import { systemClock } from "../system/system_clock.ts";
import { openManaged } from "./open_store.ts";
import { readMigrations } from "./schema.ts";

/** The major versions of the data in the directory of a private server, and of the package. */
export interface ClusterVersions {
  readonly data: string;
  readonly packaged: string;
}

/** Finds both, or says why it cannot. */
export async function clusterVersions(
  directory: string,
): Promise<ClusterVersions | { readonly fault: string }> {
  const found = await findPostgresPackage();
  if ("fault" in found) return found;
  const data = await versionOf(`${directory}/data`);
  if (data === undefined) return { fault: `there are no data in ${directory}/data` };
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

/**
 * Starts the server with these programs, brings the schema up to date and opens the store. Closing the
 * store stops the server.
 */
export async function openOlderCluster(
  directory: string,
  installed: InstalledPostgres,
  log: Log,
): Promise<SqlStore> {
  const connections = { readConnections: 2, writeConnections: 1 };
  const database = await openManaged(directory, {
    ...{ log, installed, connections: 3 },
    postgres: { ...connections, clock: systemClock },
  });
  try {
    await migrate(database, await readMigrations(), sha256);
  } catch (error) {
    await database.close();
    throw error;
  }
  return new SqlStore(database, sha256OfText);
}

/** The directories of programs that relays have laid out beside the data, the newest version first. */
async function laidOut(directory: string, major: string): Promise<readonly string[]> {
  const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  return names.filter((name) => name.startsWith(`postgres-${major}.`))
    .sort().reverse().map((name) => `${directory}/${name}/bin`);
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
