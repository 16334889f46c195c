import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Statement } from "../../../src/store/database/database.ts";
import type { EventRecord } from "../../../src/store/event_store.ts";
import { testOnEachServer } from "../../kit/each_server.ts";
import { withProxy } from "../../kit/proxied_store.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const test = testOnEachServer({ own: true });

const author = new FakeSigner(new SeededRandom(4));
let clock = 1;

function note(): EventRecord {
  return recordOf(author.sign({ kind: 1, created_at: clock++, tags: [["t", "x"]], content: "é" }));
}

const one: Statement<number> = {
  text: "select 1",
  parameters: [],
  read: (cells) => cells.integer(0),
};

test("a batch on a frozen connection is written on another one", (server) =>
  withProxy(server, async (store, proxy) => {
    deepEqual(await Promise.all([store.put([note()]), store.put([note()])]), [
      ["stored"],
      ["stored"],
    ]);
    proxy.freeze();
    const both = [note(), note()];
    deepEqual(await store.put(both), ["stored", "stored"]);
    deepEqual(await store.put(both), ["duplicate", "duplicate"]);
  }));

test("a batch whose COMMIT was not answered is reported as stored, and delivered once to subscribers", (server) =>
  withProxy(server, async (store, proxy, database) => {
    await store.put([note()]);
    const told: string[] = [];
    store.feed.subscribe((events) => told.push(...events.map(({ event }) => event.id)));
    const record = note();
    // The statements of the batch are answered, and what comes after the last of them is not.
    const transaction = database.transaction.bind(database);
    let isFirst = true;
    database.transaction = (work, how) =>
      transaction(async (session) => {
        const result = await work(session);
        if (isFirst) proxy.loseAnswers();
        isFirst = false;
        return result;
      }, how);
    deepEqual(await store.put([record, record]), ["stored", "duplicate"]);
    deepEqual(await store.put([record]), ["duplicate"]);
    deepEqual(told, [record.event.id]);
  }));

test("a server that nobody can reach is an outage, and writing goes on when it is back", (server) =>
  withProxy(server, async (store, proxy) => {
    await store.put([note()]);
    proxy.mode = "black hole";
    await rejects(store.put([note()]), { name: "StoreUnavailable" });
    proxy.mode = "open";
    proxy.cut();
    deepEqual(await store.put([note()]), ["stored"]);
  }));

test("a statement that is slow and not lost keeps its connection", (server) =>
  withProxy(server, async (_store, proxy, database) => {
    const sleep = { ...one, text: "select pg_sleep(0.7)::text" };
    await database.transaction((session) => session.query(sleep));
    const before = proxy.connectionCount;
    await database.transaction((session) => session.query(one));
    equal(proxy.connectionCount, before);
  }));
