/**
 * Runs the same tests on each Postgres version that is installed.
 *
 * @module
 */

import { DatabasePool } from "./database_pool.ts";
import {
  packagedPostgres,
  type PostgresVersion,
  postgresVersions,
  systemPostgres,
} from "./postgres_binaries.ts";
import { clearTables, emptyDatabase, freshDatabase, PostgresServer } from "./postgres_server.ts";

/** A server that tests share, running from the first test of the process to the last. */
export interface SharedServer {
  /** For test names: `postgres`, or `postgres15` and the like. */
  readonly name: string;
  /** For starting another server of the same version. */
  readonly version: PostgresVersion;
  /** The URL of its first database, which tests do not change. */
  readonly url: string;
  /** The URL of an empty database. */
  freshDatabase(): Promise<string>;
}

/** What the tests need of their servers. */
export interface SharedServersOptions {
  /** Whether `TEST_DATABASE_URL` must not replace the packaged server. Default: it may. */
  readonly own?: boolean;
  /**
   * Whether a reused database keeps the schema that another test created, without rows: creating it
   * takes longer than most tests. Default: it does not.
   */
  readonly keepsSchema?: boolean;
}

/**
 * A server of each version for the tests of a file. A version that is not installed is listed as an
 * ignored test.
 */
export function sharedServers(options: SharedServersOptions = {}): readonly SharedServer[] {
  listMissingServer();
  return postgresVersions.map((version) => shareServer(version, options));
}

/** Registers a test for each server of the file. */
export type TestOnEach = (
  sentence: string,
  work: (server: SharedServer) => Promise<void>,
) => void;

/** Returns a function that registers tests for each of {@link sharedServers}. */
export function testOnEachServer(options?: SharedServersOptions): TestOnEach {
  const servers = sharedServers(options);
  return (sentence, work) => {
    for (const server of servers) Deno.test(`${server.name}: ${sentence}`, () => work(server));
  };
}

/** Registers an ignored test for the older server that is missing. */
export function listMissingServer(): void {
  if (!("fault" in systemPostgres)) return;
  const { fault } = systemPostgres;
  Deno.test.ignore(`not run here: these tests on an older Postgres, ${fault}`, () => {});
}

function shareServer(
  version: PostgresVersion,
  { own = false, keepsSchema = false }: SharedServersOptions,
): SharedServer {
  const mayBeGiven = version === packagedPostgres && !own;
  const given = mayBeGiven ? Deno.env.get("TEST_DATABASE_URL") : undefined;
  let server: PostgresServer | undefined;
  Deno.test.beforeAll(async () => {
    if (given === undefined) server = await (own ? startServer(version) : borrowServer(version));
  });
  const url = () => given ?? server!.url;
  const databases = new DatabasePool({
    make: () => freshDatabase(url()),
    clear: keepsSchema ? clearTables : emptyDatabase,
  });
  Deno.test.afterAll(async () => {
    if (server !== undefined) await (own ? server.stop() : returnServer(version));
  });
  return {
    name: version.name,
    version,
    get url() {
      return url();
    },
    freshDatabase: () => databases.take(),
  };
}

/** One server of a version for all files of a process that do not need their own, and their number. */
const borrowed = new Map<PostgresVersion, { server: Promise<PostgresServer>; files: number }>();

function startServer(version: PostgresVersion): Promise<PostgresServer> {
  return PostgresServer.start({ version });
}

function borrowServer(version: PostgresVersion): Promise<PostgresServer> {
  const entry = borrowed.get(version) ?? { server: startServer(version), files: 0 };
  entry.files++;
  borrowed.set(version, entry);
  return entry.server;
}

async function returnServer(version: PostgresVersion): Promise<void> {
  const entry = borrowed.get(version)!;
  if (--entry.files > 0) return;
  borrowed.delete(version);
  await (await entry.server).stop();
}
