/**
 * The same tests on each Postgres that is here.
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

/** A server that the tests of a file share: it runs from the first of them to the last. */
export interface SharedServer {
  /** For the names of tests: `postgres`, or `postgres15` and the like. */
  readonly name: string;
  /** To start another one of its kind. */
  readonly version: PostgresVersion;
  /** Of its first database, which tests leave alone. */
  readonly url: string;
  /** Gives the URL of an empty database. */
  freshDatabase(): Promise<string>;
}

/** What the tests need of their servers. */
export interface SharedServersOptions {
  /** Whether the package's may not be the one that `TEST_DATABASE_URL` names instead. Default: it may. */
  readonly own?: boolean;
  /**
   * Whether a database that another test has used comes with the schema that was made there, without a
   * row: to make it takes longer than most tests. Default: it comes without.
   */
  readonly keepsSchema?: boolean;
}

/**
 * A server of each version for the tests of a file. The version that is not here stands in the runner's
 * list as a test that is ignored.
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

/** The way to register tests that run on each of {@link sharedServers}. */
export function testOnEachServer(options?: SharedServersOptions): TestOnEach {
  const servers = sharedServers(options);
  return (sentence, work) => {
    for (const server of servers) Deno.test(`${server.name}: ${sentence}`, () => work(server));
  };
}

/** Has the runner list as ignored what an older server would be needed for. */
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
    if (given === undefined) server = await PostgresServer.start({ version });
  });
  const url = () => given ?? server!.url;
  const databases = new DatabasePool({
    make: () => freshDatabase(url()),
    clear: keepsSchema ? clearTables : emptyDatabase,
  });
  Deno.test.afterAll(async () => {
    await server?.stop();
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
