import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import type { SqlStore } from "../../../src/store/sql_store.ts";
import { openStoreOn } from "../../kit/database.ts";
import { testOnEachServer } from "../../kit/each_server.ts";
import { idsIn, recordOf, someEvent } from "../../kit/records.ts";

const test = testOnEachServer();

/** The faults of each event that has any, by its content. */
async function faultsOf(store: SqlStore): Promise<Readonly<Record<string, string>>> {
  const { events } = await store.audit(0, 1_000);
  return Object.fromEntries(
    events.filter(({ faults }) => faults.length > 0).map(({ json, faults }) => [
      JSON.parse(new TextDecoder().decode(json)).content,
      faults.join(),
    ]),
  );
}

test("an audit finds each column and tag that is not the event's", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  const store = await openStoreOn(database);
  try {
    const tags = [["t", "x"], ["expiration", "5000000000"]];
    const names = [
      "kind",
      "created_at",
      "expires_at",
      "pubkey",
      "id",
      "lost",
      "more",
      "other",
      "fine",
    ];
    const events = names.map((content, at) => someEvent({ content, tags, created_at: at }));
    const article = someEvent({ kind: 30_023, content: "slot", tags: [["d", "a"]] });
    await store.put([...events, article].map(recordOf));
    deepEqual(await faultsOf(store), {});
    const [first] = (await store.audit(0, 1)).events;
    ok(events.some(({ id }) => id === first!.id));

    const where = (content: string) => `where raw like '%"content":"${content}"%'`;
    const keyOf = (content: string) => `(select key from events ${where(content)})`;
    await database.script(`
      update events set kind = 2 ${where("kind")};
      update events set created_at = 99 ${where("created_at")};
      update events set expires_at = null ${where("expires_at")};
      update events set pubkey = decode(repeat('01', 32), 'hex') ${where("pubkey")};
      update events set id = decode(repeat('02', 32), 'hex') ${where("id")};
      update events set slot = head ${where("slot")};
      delete from tags where event = ${keyOf("lost")};
      insert into tags select * from tags where event = ${keyOf("more")};
      update tags set kind = 3 where event = ${keyOf("other")};
    `);
    deepEqual(await faultsOf(store), {
      // The tags have copies of the columns.
      kind: "kind,tags",
      created_at: "created_at,tags",
      expires_at: "expires_at",
      pubkey: "pubkey,author,tags",
      id: "id,head,tags",
      slot: "slot",
      lost: "tags",
      more: "tags",
      other: "tags",
    });
  } finally {
    await store.close();
  }
});

test("an audit finds tags without an event, wherever they are, and rows that are no event", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  const store = await openStoreOn(database);
  try {
    const events = [1, 2, 3].map((created_at) => someEvent({ created_at, tags: [["t", "x"]] }));
    for (const event of events) await store.put([event].map(recordOf));
    await database.script(`
      update events set raw = 'no event' where created_at = 2;
      delete from events where created_at in (1, 3);
      insert into tags select event + 1000, created_at, tag, head, author, kind, pubkey from tags;
    `);
    const strays: number[] = [];
    for (let from: number | undefined = 0; from !== undefined;) {
      const page = await store.audit(from, 1);
      for (const { id, faults } of page.events) {
        deepEqual([id, faults], [events[1]!.id, []]);
      }
      strays.push(page.strayTags);
      from = page.next;
    }
    deepEqual(strays, [1, 4]);
  } finally {
    await store.close();
  }
});

test("an event that cannot be rewritten stays where it is", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  const store = await openStoreOn(database);
  try {
    const record = recordOf(someEvent({ tags: [["t", "x"]] }));
    await store.put([record]);
    await database.script(`
      create function refuse() returns trigger language plpgsql as
        'begin raise exception ''the disk is full''; end';
      create trigger refuse before insert on events for each row execute function refuse();
    `);
    await rejects(store.rewrite(record.event.id, record), /the disk is full/);
    deepEqual(await idsIn(store, { tags: new Map([["t", new Set(["x"])]]) }), [record.event.id]);
  } finally {
    await store.close();
  }
});

test("the sizes of the tables are known", async (server) => {
  const store = await openStoreOn(openPostgres(await server.freshDatabase()));
  try {
    const sizes = new Map((await store.tableSizes()).map((size) => [size.table, size]));
    ok(sizes.has("events") && sizes.has("tags") && sizes.has("deleted_ids"));
    equal(sizes.get("events")!.indexBytes > 0, true);
  } finally {
    await store.close();
  }
});
