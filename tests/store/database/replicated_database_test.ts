import { deepEqual, equal } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { utf8 } from "../../../src/base/bytes.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import type { Database } from "../../../src/store/database/database.ts";
import type { EventRecord } from "../../../src/store/event_store.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { ReplicatedDatabase } from "../../../src/store/database/replicated_database.ts";
import type { SqlStore } from "../../../src/store/sql_store.ts";
import { openStoreOn } from "../../kit/database.ts";
import { postgresVersions } from "../../kit/postgres_binaries.ts";
import { PostgresServer } from "../../kit/postgres_server.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));
let clock = 0;

function note(): EventRecord {
  const tags = [["t", "x"], ["p", "y"]];
  const event = author.sign({ kind: 1, created_at: ++clock, tags, content: "" });
  return { event, json: utf8(eventJson(event)) };
}

/** Two conditions on tags: the form of a long query. */
const LONG = { tags: new Map([["t", new Set(["x"])], ["p", new Set(["y"])]]), limit: 1 };

async function newest(store: SqlStore): Promise<string | undefined> {
  for await (const [row] of store.query([LONG])) return row?.id;
  return undefined;
}

async function onServer(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** Resolves when the replica has heard of the database. */
async function answers(replica: Database): Promise<void> {
  const one = { text: "select 1", parameters: [], read: () => 1 };
  while (!await replica.query(one).then(() => true, () => false)) await sleep(20);
}

for (const version of postgresVersions) {
  Deno.test(`${version.name}: a long query is a replica's, and sees all that was stored before it`, async () => {
    await using primary = await PostgresServer.start({ version });
    await using replica = await primary.replica();
    const url = await primary.freshDatabase();
    const replicaUrl = url.replace(`:${primary.port}`, `:${replica.port}`);
    const reader = openPostgres(replicaUrl);
    await answers(reader);
    const store = await openStoreOn(new ReplicatedDatabase(openPostgres(url), reader));
    try {
      for (let round = 0; round < 10; round++) {
        const event = note();
        await store.put([event]);
        equal(await newest(store), event.event.id);
      }
      // Over a connection of its own: the last statement of the reader's is what is looked for.
      const observer = openPostgres(replicaUrl);
      const asked = await observer.query({
        text:
          "select count(*) from pg_stat_activity where query like '%from tags%' and pid <> pg_backend_pid()",
        parameters: [],
        read: (cells) => cells.integer(0),
      });
      await observer.close();
      equal(asked[0]! > 0, true, "the replica answered");

      await onServer(replica.url, "select pg_wal_replay_pause()");
      const behind = note();
      await store.put([behind]);
      equal(await newest(store), behind.event.id, "the primary answers for one that stays behind");

      await replica.halt();
      deepEqual(await newest(store), behind.event.id, "and for one that is away");
    } finally {
      await store.close();
    }
  });
}
