import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../../../src/base/bytes.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { addressOf } from "../../../src/nostr/kind.ts";
import type { Database, Statement } from "../../../src/store/database/database.ts";
import { eventFacets } from "../../../src/store/search/facet.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import {
  migrate,
  type Migration,
  missingMigrations,
} from "../../../src/store/database/migrations.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { SqlStore } from "../../../src/store/sql_store.ts";
import { readMigrations } from "../../kit/database.ts";
import { testOnEachServer } from "../../kit/each_server.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { generateFilter } from "../../kit/filter_generator.ts";
import { recordOf, someEvent } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

const test = testOnEachServer();

const one: Migration = { name: "0001_one", sql: "create table one (n int8)" };
const two: Migration = { name: "0002_two", sql: "insert into one values (2); select 1" };
const three: Migration = { name: "0003_three", sql: "create table three (n int8)" };

function applied({ name, sql }: Migration) {
  return { name, checksum: sha256(new TextEncoder().encode(sql)).toHex() };
}

Deno.test("missing migrations are in the order of their names", () => {
  deepEqual(missingMigrations([], [two, three, one], sha256), [one, two, three]);
  deepEqual(missingMigrations([applied(one)], [two, one], sha256), [two]);
  deepEqual(missingMigrations([applied(one)], [one], sha256), []);
});

Deno.test("a changed migration is named", () => {
  const changed = { ...one, sql: `${one.sql} -- better` };
  throws(() => missingMigrations([applied(one)], [changed], sha256), {
    name: "MigrationMismatch",
    message: /"0001_one" was changed/,
  });
});

Deno.test("other line endings are no change", () => {
  const unix = { name: "0001", sql: "select 1;\nselect 2;\n" };
  const dos = { name: "0001", sql: "select 1;\r\nselect 2;\r\n" };
  deepEqual(missingMigrations([applied(unix)], [dos], sha256), []);
});

Deno.test("a database that is newer than the program is refused", () => {
  throws(() => missingMigrations([applied(one), applied(two)], [one], sha256), {
    message: /"0002_two", which this version does not know/,
  });
});

Deno.test("a migration that was skipped is refused", () => {
  throws(() => missingMigrations([applied(two)], [one, two], sha256), {
    message: /"0001_one" was never applied/,
  });
});

Deno.test("each of the project's migrations has a number and opens with its reason", () => {
  const migrations = readMigrations();
  for (const { name, sql } of migrations) {
    match(name, /^\d{4}_[a-z_]+$/);
    match(sql, /^-- \S/);
  }
  equal(new Set(migrations.map(({ name }) => name.slice(0, 4))).size, migrations.length);
});

test("migrations are applied once, step by step", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  try {
    deepEqual(await migrate(database, [one], sha256), ["0001_one"]);
    deepEqual(await migrate(database, [one], sha256), []);
    deepEqual(await migrate(database, [one, two, three], sha256), ["0002_two", "0003_three"]);
    deepEqual(await database.query(count("one")), [1]);
    await rejects(migrate(database, [one], sha256), { name: "MigrationMismatch" });
  } finally {
    await database.close();
  }
});

test("a migration that fails leaves nothing behind", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  try {
    const broken = { name: "0002_broken", sql: "create table two (n int8); select nonsense" };
    await rejects(migrate(database, [one, broken], sha256), { name: "StatementFailed" });
    await rejects(database.query(count("one")), { sqlState: "42P01" });
    deepEqual(await migrate(database, [one, two], sha256), ["0001_one", "0002_two"]);
  } finally {
    await database.close();
  }
});

test("of many processes that start at once one migrates", async (server) => {
  const url = await server.freshDatabase();
  const databases = Array.from({ length: 6 }, () => openPostgres(url));
  try {
    const migrations = readMigrations();
    const done = await Promise.all(databases.map((each) => migrate(each, migrations, sha256)));
    deepEqual(done.flat(), migrations.map(({ name }) => name));
  } finally {
    await Promise.all(databases.map((database) => database.close()));
  }
});

function count(table: string): Statement<number> {
  return {
    text: `select count(*) from ${table}`,
    parameters: [],
    read: (cells) => cells.integer(0),
  };
}

test("a database from before facets and fingerprints answers as it did", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  const store = new SqlStore(database, portableHashText);
  try {
    const migrations = readMigrations();
    await migrate(database, migrations.filter(({ name }) => name < "0005"), sha256);
    const random = new SeededRandom(6);
    const oracle = new MemoryStore();
    const records = generateEvents(random, 400).map((event) => ({
      event,
      json: utf8(eventJson(event)),
    }));
    await oracle.put(records);
    const kept: NostrEvent[] = [];
    for await (const chunk of oracle.query([{ tags: new Map() }])) {
      for (const { json } of chunk) kept.push(JSON.parse(new TextDecoder().decode(json)));
    }
    for (const event of kept) await insertWide(database, event);
    await migrate(database, migrations, sha256);

    const idsOf = async (from: Pick<SqlStore, "query">, filter: Parameters<typeof from.query>[0]) =>
      (await Array.fromAsync(from.query(filter))).flat().map(({ id }) => id);
    for (let i = 0; i < 200; i++) {
      const filter = [generateFilter(random, kept)];
      deepEqual(await idsOf(store, filter), await idsOf(oracle, filter), `filter ${i}`);
    }
    const facets = await database.query({
      text: `select raw, event_words.facets::text from events join event_words on event = key`,
      parameters: [],
      read: (cells) => ({ event: JSON.parse(cells.text(0)), facets: cells.text(1) }),
    });
    equal(facets.length, kept.length);
    for (const { event, facets: text } of facets) {
      const expected = new Set(eventFacets(event, portableHashText));
      deepEqual(new Set(text.slice(1, -1).split(",")), expected, event.id);
    }
    const outcomes = await store.put(records);
    deepEqual(new Set(outcomes), new Set(["duplicate", "superseded"]));
  } finally {
    await store.close();
  }
});

test("profiles from before profile words are found by them", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  const store = new SqlStore(database, portableHashText);
  try {
    const migrations = readMigrations();
    await migrate(database, migrations.filter(({ name }) => name < "0007"), sha256);
    const [profile, note] = [0, 1].map((kind) => someEvent({ kind }));
    await store.put([profile!, note!].map(recordOf));
    await database.script(`insert into event_words (event, created_at, words, facets)
      select key, created_at, $$'ann':1A 'fox':2$$, '{${eventFacets(profile!, portableHashText)}}'
      from events`);
    await migrate(database, migrations, sha256);
    const search = new Set(["ann", "fox"]);
    const filter = { tags: new Map(), kinds: new Set([0]), search };
    const found = (await Array.fromAsync(store.query([filter]))).flat();
    deepEqual(found.map(({ id }) => id), [profile!.id]);
  } finally {
    await store.close();
  }
});

/** Writes an event as it was written before there were fingerprints. */
async function insertWide(database: Database, event: NostrEvent): Promise<void> {
  const address = addressOf(event);
  const bytes = (hex: string) => `'\\x${hex}'::bytea`;
  const slot = address === undefined ? "null" : bytes(wideValue(address.d));
  const pairs = event.tags
    .filter(([name, value]) => /^[a-zA-Z]$/.test(name!) && value !== undefined)
    .map(([name, value]) => `('${name}'::"char", ${bytes(wideValue(value!))})`);
  const tags = `insert into tags (event, created_at, kind, name, value, id, pubkey)
    select key, created_at, kind, name, value, id, pubkey
    from events, (values ${[...new Set(pairs)]}) as tag (name, value)
    where id = ${bytes(event.id)};`;
  await database.script(`
    insert into events (id, pubkey, kind, created_at, slot, raw) values (${bytes(event.id)},
      ${bytes(event.pubkey)}, ${event.kind}, ${event.created_at}, ${slot},
      convert_from(${bytes(utf8(eventJson(event)).toHex())}, 'UTF8'));
    ${pairs.length > 0 ? tags : ""}
    insert into event_words (event, words) select key, '' from events where id = ${bytes(event.id)};
  `);
}

/** Tag values as they were written: keys and long values marked, all others as they are. */
function wideValue(value: string): string {
  if (/^[0-9a-f]{64}$/.test(value)) return `fe${value}`;
  const bytes = utf8(value);
  return bytes.length <= 64 ? bytes.toHex() : `ff${sha256(bytes).toHex()}`;
}
