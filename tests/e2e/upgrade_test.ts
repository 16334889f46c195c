/**
 * The data of a private server of an older Postgres, brought to the one of the package.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { openManaged } from "../../src/app/database/open_database.ts";
import { readMigrations } from "../../src/app/database/schema.ts";
import { sha256, sha256OfText } from "../../src/app/system/sha256.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import type { InstalledPostgres } from "../../src/postgres_server/managed_postgres.ts";
import { upgradedPath } from "../../src/postgres_server/data_cluster.ts";
import { silentLog } from "../../src/base/log.ts";
import { migrate } from "../../src/store/database/migrations.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { runOn } from "../kit/loaded_backup.ts";
import { listMissingServer } from "../kit/each_server.ts";
import { systemPostgres } from "../kit/postgres_binaries.ts";
import { idsIn, recordOf } from "../kit/records.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { emptyManagedDirectory } from "./databases.ts";

if (!("fault" in systemPostgres)) {
  const { name, programs } = systemPostgres;
  const major = name.slice("postgres".length);

  Deno.test(`upgrade brings the data of ${name} to the package's version, and keeps the old ones`, async () => {
    await using database = await emptyManagedDirectory();
    const directory = database.url.slice("managed:".length);
    const { initdb, postgres } = await programs();
    const installed = { version: `${major}.0`, programs: { initdb, postgres } };
    const older = await openOlder(directory, installed);
    // The relay that made the data does not know this version's last migration.
    const known = (await readMigrations()).slice(0, -1);
    await migrate(older, known, sha256);
    const store = new SqlStore(older, sha256OfText);
    const events = generateEvents(new SeededRandom(3), 300, { signed: true, deletions: true });
    await store.put(events.map(recordOf));
    const rule = { list: "banned-kind", value: "7", reason: "noise" } as const;
    await store.changeRules([rule], { who: "admin", atS: 5 });
    const [broken, ...ids] = await idsIn(store, {});
    await store.close();

    match((await runOn(database.url, "count", "{}")).stderr, /Run gallimimus upgrade/);
    const refused = await runOn(database.url, "upgrade");
    equal(refused.code, 2);
    match(refused.stderr, new RegExp(`has no programs .*such as /usr/lib/postgresql/${major}/bin`));
    equal(await versionIn(`${directory}/data`), major);

    const bin = postgres.replace(/\/postgres$/, "");
    await Deno.mkdir(`${directory}/data-${major}`);
    match((await runOn(database.url, "upgrade", "--programs", bin)).stderr, /exists: move it away/);
    await Deno.remove(`${directory}/data-${major}`);
    const change = (script: string) => changeData(directory, installed, script);
    await change(`update events set raw = E'{\\n}' where id = '\\x${broken}'`);
    const kept = await runOn(database.url, "upgrade", "--programs", bin);
    equal(kept.code, 1);
    match(kept.stderr, /upgrade: 1 rows are no events/);
    equal(await versionIn(`${directory}/data`), major);
    await change(`delete from events where id = '\\x${broken}'`);
    deepEqual(await migrationsIn(directory, installed), known.map(({ name }) => name));
    const { code, stdout, stderr } = await runOn(database.url, "upgrade", "--programs", bin);
    equal(code, 0, stderr);
    match(stdout, new RegExp(`are in .*/data-${major}: remove them when all is well`));
    equal(await versionIn(`${directory}/data-${major}`), major);
    // As after a kill between the two renames.
    await Deno.rename(`${directory}/data`, upgradedPath(`${directory}/data`));
    match((await runOn(database.url, "upgrade")).stdout, /there is nothing to do/);
    equal((await runOn(database.url, "count", "{}")).stdout, `${ids.length}\n`);

    await using relay = await startRelay({ database: database.url });
    const lines = (await runOn(database.url, "export")).stdout.trimEnd().split("\n");
    deepEqual(lines.map((line) => JSON.parse(line).id), ids);
    equal((await runOn(database.url, "list")).stdout, "banned-kind\t7\tnoise\n");
    equal(await relay.stop(), 0);
  });
}

listMissingServer();

/** Opens the data by the programs that they need, and leaves the schema alone. */
function openOlder(directory: string, installed: InstalledPostgres) {
  return openManaged(directory, {
    ...{ log: silentLog, installed, connections: 3 },
    postgres: { readConnections: 1, writeConnections: 1, clock: systemClock },
  });
}

/** Changes the data behind the relay's back, as another program might. */
async function changeData(directory: string, installed: InstalledPostgres, script: string) {
  const database = await openOlder(directory, installed);
  await database.script(script);
  await database.close();
}

async function migrationsIn(directory: string, installed: InstalledPostgres) {
  const database = await openOlder(directory, installed);
  const names = await database.query({
    text: "select name from schema_migrations order by name",
    parameters: [],
    read: (cells) => cells.text(0),
  });
  await database.close();
  return names;
}

async function versionIn(path: string): Promise<string> {
  return (await Deno.readTextFile(`${path}/PG_VERSION`)).trim();
}

for (const url of ["pglite:/nowhere", "postgres://nobody@localhost/x", "memory:"]) {
  Deno.test(`there is nothing to upgrade in ${url}`, async () => {
    const { code, stderr } = await runOn(url, "upgrade");
    equal(code, 2);
    match(stderr, /only the private server \(managed:\) is the relay's own/);
  });
}
