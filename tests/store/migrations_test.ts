import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Statement } from "../../src/store/database.ts";
import { migrate, type Migration, missingMigrations } from "../../src/store/migrations.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { readMigrations } from "../kit/database.ts";
import { testOnEachServer } from "../kit/each_server.ts";

const test = testOnEachServer();

const one: Migration = { name: "0001_one", sql: "create table one (n int8)" };
const two: Migration = { name: "0002_two", sql: "insert into one values (2); select 1" };
const three: Migration = { name: "0003_three", sql: "create table three (n int8)" };

function applied({ name, sql }: Migration) {
  return { name, checksum: sha256(new TextEncoder().encode(sql)).toHex() };
}

Deno.test("what is missing comes in the order of names", () => {
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

Deno.test("line ends are no change", () => {
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
