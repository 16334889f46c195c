/**
 * The same tests on each Postgres that is here.
 *
 * @module
 */

import {
  packagedPostgres,
  type PostgresVersion,
  postgresVersions,
  systemPostgres,
} from "./postgres_binaries.ts";
import { emptyDatabase, freshDatabase, PostgresServer } from "./postgres_server.ts";

/** A server that the tests of a file share: it runs from the first of them to the last. */
export interface SharedServer {
  /** For the names of tests: `postgres`, or `postgres15` and the like. */
  readonly name: string;
  /** To start another one of its kind. */
  readonly version: PostgresVersion;
  /** Of its first database, which tests leave alone. */
  readonly url: string;
  /** Makes an empty database and gives its URL. */
  freshDatabase(): Promise<string>;
}

/** What the tests need of their servers. */
export interface SharedServersOptions {
  /** Whether the package's may not be the one that `TEST_DATABASE_URL` names instead. Default: it may. */
  readonly own?: boolean;
}

/**
 * A server of each version for the tests of a file. The version that is not here stands in the runner's
 * list as a test that is ignored.
 */
export function sharedServers({ own = false }: SharedServersOptions = {}): readonly SharedServer[] {
  listMissingServer();
  const given = own ? undefined : Deno.env.get("TEST_DATABASE_URL");
  return postgresVersions.map((version) =>
    shareServer(version, version === packagedPostgres ? given : undefined)
  );
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

function shareServer(version: PostgresVersion, given: string | undefined): SharedServer {
  let server: PostgresServer | undefined;
  Deno.test.beforeAll(async () => {
    if (given === undefined) server = await PostgresServer.start({ version });
  });
  const [used, empty]: string[][] = [[], []];
  // To make a database takes longer than most tests.
  Deno.test.afterEach(async () => {
    for (const url of used!.splice(0)) {
      await emptyDatabase(url);
      empty!.push(url);
    }
  });
  Deno.test.afterAll(async () => {
    await server?.stop();
  });
  return {
    name: version.name,
    version,
    get url() {
      return given ?? server!.url;
    },
    async freshDatabase() {
      const url = empty!.pop() ?? await freshDatabase(this.url);
      used!.push(url);
      return url;
    },
  };
}
