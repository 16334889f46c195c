/**
 * The ways to keep events, each fresh for a test.
 *
 * @module
 */

import { listMissingServer } from "../kit/each_server.ts";
import { makeManagedDirectory, makeReachableDirectory } from "../kit/managed_directory.ts";
import { PgliteDirectory } from "../kit/pglite_directory.ts";
import {
  packagedPostgres,
  type PostgresVersion,
  postgresVersions,
} from "../kit/postgres_binaries.ts";
import { freshDatabase, PostgresServer } from "../kit/postgres_server.ts";

/** A database that nobody has used before. */
export interface FreshDatabase extends AsyncDisposable {
  readonly url: string;
}

type Fresh = () => Promise<FreshDatabase>;

/** By the name of its kind; of Postgres servers those that are here. */
export const freshDatabases: Readonly<Record<string, Fresh>> = {
  "memory:": () =>
    Promise.resolve({ url: "memory:", [Symbol.asyncDispose]: () => Promise.resolve() }),
  "pglite:": async () => {
    const directory = await PgliteDirectory.make({ hasSchema: true });
    return {
      url: `pglite:${directory.path}`,
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    };
  },
  "managed:": async () => managedIn(await makeManagedDirectory()),
  ...Object.fromEntries(
    postgresVersions.map((version) => [`${version.name}:`, () => freshOn(version)]),
  ),
};

/** A directory for a private server that has never been started in it. */
export async function emptyManagedDirectory(): Promise<FreshDatabase> {
  return managedIn(await makeReachableDirectory());
}

function managedIn(directory: string): FreshDatabase {
  return {
    url: `managed:${directory}/postgres`,
    [Symbol.asyncDispose]: () => removeWhenIdle(directory),
  };
}

/** Registers the tests of a database of this name. */
type Register = (name: string, fresh: Fresh) => void;

/**
 * Has `register` register its tests for each database, or for those alone that `DATABASES` names:
 * `DATABASES=memory,postgres15`. The server that is not here stands in the runner's list as ignored.
 * `managed:` runs the package's server already, so where there is another one, that is tried at a URL.
 */
export function onEachDatabase(register: Register): void {
  if (registerOn(usual(), register)) listMissingServer();
}

/**
 * Has `register` register its tests for the databases of these names: where what is tested lies before
 * the store, of which `tests/contract` shows that it is the same on all of them. `DATABASES` names others.
 */
export function onDatabases(names: readonly string[], register: Register): void {
  registerOn(names, register);
}

/** Whether the usual ones were taken, and not those of `DATABASES`. */
function registerOn(names: readonly string[], register: Register): boolean {
  const wanted = Deno.env.get("DATABASES")?.split(",").map((name) => name.replace(/:?$/, ":"));
  for (const name of wanted ?? names) {
    const fresh = freshDatabases[name];
    if (fresh === undefined) throw new Error(`${name} is none of ${Object.keys(freshDatabases)}`);
    register(name, fresh);
  }
  return wanted === undefined;
}

function usual(): readonly string[] {
  const isTwice = postgresVersions.length > 1 && Deno.env.get("TEST_DATABASE_URL") === undefined;
  return Object.keys(freshDatabases)
    .filter((name) => !isTwice || name !== `${packagedPostgres.name}:`);
}

/** On the package's Postgres, or on that of `TEST_DATABASE_URL` in its place. */
async function freshOn(version: PostgresVersion): Promise<FreshDatabase> {
  const given = Deno.env.get("TEST_DATABASE_URL");
  if (given !== undefined && version === packagedPostgres) {
    return {
      url: await freshDatabase(given),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const server = await PostgresServer.start({ version });
  return {
    // Nobody else uses this server: its first database is as fresh as any.
    url: server.url,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** A relay that was killed leaves its server to end by itself, which takes a moment. */
async function removeWhenIdle(directory: string): Promise<void> {
  const runs = () =>
    Deno.stat(`${directory}/postgres/data/postmaster.pid`).then(() => true, () => false);
  while (await runs()) await new Promise((resolve) => setTimeout(resolve, 20));
  await Deno.remove(directory, { recursive: true });
}
