import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { openManaged } from "../../../src/app/database/open_database.ts";
import { openStore, windowBytes } from "../../../src/app/database/open_store.ts";
import { readMigrations } from "../../../src/app/database/schema.ts";
import { defaultSettings, settingsWith } from "../../../src/app/settings/setting_list.ts";
import { silentLog } from "../../../src/base/log.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";

/** Settings with another database. */
function withUrl(url: string) {
  return { ...defaultSettings, database: { ...defaultSettings.database, url } };
}

Deno.test("memory: is a store that begins empty", async () => {
  const store = await openStore(withUrl("memory:"), silentLog);
  deepEqual(await Array.fromAsync(store.query([{ tags: new Map() }])), []);
  await store.close();
});

Deno.test("the window takes what it may, and a quarter of the relay's memory at most", () => {
  const taken = (maxMib: number, maxMemoryMb: number) =>
    windowBytes(
      settingsWith(
        new Map([["cache.max_mib", maxMib], ["limits.max_memory_mb", maxMemoryMb]]),
      ),
    ) / 1_048_576;
  equal(taken(64, 400), 64);
  equal(taken(256, 400), 100);
  equal(taken(0, 400), 0);
});

Deno.test("the window of memory: has every event, as the store has them in memory anyway", () => {
  equal(windowBytes(withUrl("memory:")), Infinity);
  equal(windowBytes({ ...withUrl("memory:"), cache: { max_mib: 0 } }), 0);
});

Deno.test("what cannot be opened is named without its password", async () => {
  const opening = openStore(withUrl("postgres://relay:secret@127.0.0.1:1/none"), silentLog);
  await rejects(opening, (error) => {
    ok(error instanceof StoreUnavailable);
    ok(!error.message.includes("secret"), error.message);
    return true;
  });
});

Deno.test("migrations come in order, numbered without a gap, each opening with its reason", async () => {
  const migrations = await readMigrations();
  const numbers = migrations.map(({ name }) => Number(name.slice(0, 4)));
  deepEqual(numbers, numbers.map((_, place) => place + 1));
  for (const { sql } of migrations) match(sql, /^-- \S/);
});

const options = {
  log: silentLog,
  connections: 2,
  postgres: { readConnections: 1, writeConnections: 1 },
};

Deno.test("the database can be used, and closing it stops its server", async () => {
  const root = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.chmod(root, 0o755);
  const database = await openManaged(`${root}/postgres`, options);
  equal(database.stats?.waiting, 0);
  await database.script("create table numbers (n integer)");
  const inserted = await database.transaction((session) =>
    session.query({
      text: "insert into numbers values ($1) returning n",
      parameters: [7],
      read: (cells) => cells.integer(0),
    })
  );
  deepEqual(inserted, [7]);
  await database.close();
  await database.close();
  await rejects(Deno.stat(`${root}/postgres/data/postmaster.pid`), Deno.errors.NotFound);
  await Deno.remove(root, { recursive: true });
});

Deno.test("a directory that cannot be had is named", async () => {
  await rejects(openManaged("/dev/null/postgres", options), /\/dev\/null\/postgres/);
});
