import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import { TimeBudget } from "../../../src/store/database/time_budget.ts";
import type { Statement } from "../../../src/store/database/database.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { testOnEachServer } from "../../kit/each_server.ts";
import { withProxy } from "../../kit/proxied_store.ts";

const test = testOnEachServer({ own: true });

const one: Statement<number> = {
  text: "select 1",
  parameters: [],
  read: (cells) => cells.integer(0),
};

test("a query on a frozen connection times out, and the next ones use another", (server) =>
  withProxy(server, async (_store, proxy, database) => {
    await Promise.all([database.query(one), database.query(one)]);
    proxy.freeze();
    const timeBudget = new TimeBudget(100, systemClock);
    await rejects(database.query(one, { timeBudget }), { name: "QueryTimedOut" });
    await rejects(database.query(one), { name: "StoreUnavailable" });
    deepEqual(await Promise.all([database.query(one), database.query(one)]), [[1], [1]]);
    equal(database.stats?.running, 0);
  }));

test("a frozen connection that listens is lost", (server) =>
  withProxy(server, async (_store, proxy, database) => {
    let losses = 0;
    const listening = await database.listen("somewhere", {
      onPayload: () => {},
      onLost: () => losses++,
    });
    deepEqual(await listening.query(one), [1]);
    proxy.freeze();
    await rejects(listening.query(one), { name: "StoreUnavailable" });
    equal(losses, 1);
    await listening.close();
  }));

test("closing ends while a write and a query hang, and while the server is frozen", (server) =>
  withProxy(server, async (store, proxy, database) => {
    await Promise.all([database.script("select 1"), database.query(one)]);
    proxy.mode = "black hole";
    const write = database.transaction((session) => session.query(one));
    const hanging = [write, database.query(one), database.script("select 1")];
    const ends = Promise.allSettled(hanging);
    const controller = new AbortController();
    const aborted = database.query(one, { signal: controller.signal });
    controller.abort(new Error("no longer wanted"));
    await rejects(aborted, { message: "no longer wanted" });
    await store.close();
    ok((await ends).every(({ status }) => status === "rejected"));
    await rejects(database.query(one), { name: "StoreUnavailable" });
  }));

test("cancelled queries that have just ended do not delay closing", async (server) => {
  const database = openPostgres(await server.freshDatabase(), { clock: systemClock });
  await database.query(one);
  for (let round = 0; round < 200; round++) {
    const controller = new AbortController();
    const query = database.query(one, { signal: controller.signal }).catch(() => []);
    for (let turn = round % 8; turn > 0; turn--) await new Promise((next) => setImmediate(next));
    controller.abort(new Error("no longer wanted"));
    await query;
  }
  await database.close();
});
