import { deepEqual, equal } from "node:assert/strict";
import type { Database } from "../../../src/store/database/database.ts";
import { buildIndexes, deferIndexes } from "../../../src/store/write/deferred_indexes.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import type { SqlStore } from "../../../src/store/sql_store.ts";
import { openStoreOn } from "../../kit/database.ts";
import { type SharedServer, testOnEachServer } from "../../kit/each_server.ts";
import { recordOf, someEvent } from "../../kit/records.ts";

const test = testOnEachServer();

test("deferred indexes are rebuilt as they were", async (server) => {
  await withStore(server, async (database) => {
    const before = await indexesIn(database);
    equal(await deferIndexes(database), true);
    const missing = await missingFrom(database, before);
    equal(missing.length, 8);
    deepEqual(await buildIndexes(database), missing);
    deepEqual(await indexesIn(database), before);
    deepEqual(await buildIndexes(database), []);
  });
});

test("concurrent builders build each index once", async (server) => {
  await withStore(server, async (database, url) => {
    const before = await indexesIn(database);
    await deferIndexes(database);
    const others = [0, 1, 2].map(() => openPostgres(url));
    const built = await Promise.all(others.map(buildIndexes));
    equal(built.flat().length, 8);
    deepEqual(await indexesIn(database), before);
    for (const other of others) await other.close();
  });
});

test("a database with events keeps its indexes", async (server) => {
  await withStore(server, async (database, _, store) => {
    await store.put([recordOf(someEvent())]);
    const before = await indexesIn(database);
    equal(await deferIndexes(database), false);
    deepEqual(await indexesIn(database), before);
  });
});

test("a store defers indexes only while it is filled, and only if no instance listens", async (server) => {
  await withStore(server, async (database, url, store) => {
    const before = await indexesIn(database);
    await store.fill(async () => equal((await missingFrom(database, before)).length, 8));
    deepEqual(await indexesIn(database), before);
    const serving = openPostgres(url);
    const listening = await serving.listen("events", { onPayload() {}, onLost() {} });
    await store.fill(async () => deepEqual(await missingFrom(database, before), []));
    await listening.close();
    await serving.close();
  });
});

test("a vanish request while a store is filled builds the indexes", async (server) => {
  await withStore(server, async (database, _, store) => {
    const before = await indexesIn(database);
    const vanish = someEvent({ kind: 62, tags: [["relay", "ALL_RELAYS"]] });
    await store.fill(async () => {
      await store.put([recordOf(someEvent())]);
      equal((await missingFrom(database, before)).length, 8);
      await store.put([recordOf(vanish)]);
      deepEqual(await indexesIn(database), before);
    });
  });
});

async function withStore(
  server: SharedServer,
  work: (database: Database, url: string, store: SqlStore) => Promise<void>,
): Promise<void> {
  const url = await server.freshDatabase();
  const database = openPostgres(url);
  const store = await openStoreOn(database);
  try {
    await work(database, url, store);
  } finally {
    await store.close();
  }
}

/** The definitions of all indexes, in the order of their names. */
async function indexesIn(database: Database): Promise<readonly string[]> {
  return await database.query({
    text: "select indexdef from pg_indexes where schemaname = current_schema() order by indexname",
    parameters: [],
    read: (cells) => cells.text(0),
  });
}

/** The names of those that are not there any more. */
async function missingFrom(
  database: Database,
  before: readonly string[],
): Promise<readonly string[]> {
  const now = await indexesIn(database);
  return before.filter((each) => !now.includes(each)).map((each) => /INDEX (\w+)/.exec(each)![1]!);
}
