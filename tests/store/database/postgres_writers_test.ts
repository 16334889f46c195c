import { deepEqual, equal, rejects } from "node:assert/strict";
import { utf8 } from "../../../src/base/bytes.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import type { Statement } from "../../../src/store/database/database.ts";
import type { EventRecord } from "../../../src/store/event_store.ts";
import { testOnEachServer } from "../../kit/each_server.ts";
import { withProxy } from "../../kit/proxied_store.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const test = testOnEachServer({ own: true });

const author = new FakeSigner(new SeededRandom(4));
let clock = 1;

function note(): EventRecord {
  const event = author.sign({ kind: 1, created_at: clock++, tags: [["t", "x"]], content: "é" });
  return { event, json: utf8(eventJson(event)) };
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

test("a COMMIT that goes along with the last statements may be lost with their answers", (server) =>
  withProxy(server, async (store, proxy, database) => {
    await store.put([note()]);
    const transaction = database.transaction.bind(database);
    let losses = 0;
    database.transaction = (work, how) =>
      transaction((session) =>
        work({
          query: (statement) => session.query(statement),
          script: (sql) => session.script(sql),
          finish: () => {
            if (losses++ === 0) proxy.loseAnswers();
            session.finish!();
          },
        }), how);
    const record = note();
    deepEqual(await store.put([record]), ["stored"]);
    deepEqual(await store.put([record]), ["duplicate"]);
    equal(losses, 3);
  }));

test("a finished transaction is committed when it resolves, and takes no more statements", (server) =>
  withProxy(server, async (_store, _proxy, database) => {
    await database.script("create table finished (number int)");
    const insert = { ...one, text: "insert into finished values (1) returning number" };
    const wrong = { ...one, text: "select 1/0" };
    const rows = () => database.query({ ...one, text: "select number from finished" });
    for (let round = 1; round <= 5; round++) {
      await database.transaction(async (session) => {
        const inserted = session.query(insert);
        session.finish!();
        await rejects(session.query(one), { message: "the transaction is over" });
        await inserted;
      });
      equal((await rows()).length, round);
    }
    const failing = database.transaction(async (session) => {
      const both = [session.query(insert), session.query(wrong)];
      session.finish!();
      await Promise.all(both);
    });
    await rejects(failing, { name: "StatementFailed", message: /division by zero/ });
    equal((await rows()).length, 5);
    const swallowed = database.transaction(async (session) => {
      const failed = session.query(wrong).catch(() => {});
      session.finish!();
      await failed;
    });
    await rejects(swallowed, { name: "StoreUnavailable" });
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
