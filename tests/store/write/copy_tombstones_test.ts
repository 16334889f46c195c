import { deepEqual } from "node:assert/strict";
import { copyTombstones } from "../../../src/store/write/copy_tombstones.ts";
import type { Database } from "../../../src/store/database/database.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { openStoreOn } from "../../kit/database.ts";
import { type SharedServer, testOnEachServer } from "../../kit/each_server.ts";

const test = testOnEachServer({ keepsSchema: true });

/** A database with the schema. */
async function fresh(server: SharedServer): Promise<Database> {
  const url = await server.freshDatabase();
  const store = await openStoreOn(openPostgres(url));
  await store.close();
  return openPostgres(url, { readConnections: 1, writeConnections: 1 });
}

const TABLES = ["deleted_ids", "deleted_addresses", "vanished"];

async function rows(database: Database): Promise<readonly string[]> {
  const found: string[] = [];
  for (const table of TABLES) {
    found.push(
      ...await database.query({
        text: `select '${table} ' || t::text from ${table} t order by 1`,
        parameters: [],
        read: (cells) => cells.text(0),
      }),
    );
  }
  return found;
}

/** More than a page of each table; half of them share the first column of their key. */
const FILL = `
insert into deleted_ids select int4send(n / 2), int4send(n % 2) from generate_series(1, 2500) n;
insert into deleted_addresses
  select int4send(n / 900), n % 30, md5(n::text)::uuid, n, '' from generate_series(1, 2500) n;
insert into vanished select int4send(n), n from generate_series(1, 2500) n`;

test("all tombstones are copied, page by page, and copying again changes nothing", async (server) => {
  const [from, to] = [await fresh(server), await fresh(server)];
  await from.script(FILL);
  const expected = await rows(from);
  deepEqual(expected.length, 7_500);
  await copyTombstones(from, to);
  deepEqual(await rows(to), expected);
  await copyTombstones(from, to);
  deepEqual(await rows(to), expected);
  await from.close();
  await to.close();
});

test("newer tombstones of the target stay", async (server) => {
  const [from, to] = [await fresh(server), await fresh(server)];
  await from.script("insert into vanished values ('a', 10), ('b', 10)");
  await to.script("insert into vanished values ('a', 20), ('b', 5)");
  await copyTombstones(from, to);
  deepEqual(await rows(to), ['vanished ("\\\\x61",20)', 'vanished ("\\\\x62",10)']);
  await from.close();
  await to.close();
});
