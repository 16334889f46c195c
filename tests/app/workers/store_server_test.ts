import { deepEqual, equal, rejects } from "node:assert/strict";
import { StoreServer } from "../../../src/app/workers/store_server.ts";
import { ThreadStore } from "../../../src/app/workers/thread_store.ts";
import { silentLog } from "../../../src/base/log.ts";
import { KeySet } from "../../../src/nostr/key_set.ts";
import { QueryTimedOut } from "../../../src/store/event_store.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { lentTo } from "../../kit/lent_threads.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { idsIn, recordOf, someEvent } from "../../kit/records.ts";

/** More than a thread may have to take. */
const MUCH = 35;
const MIB = 1_048_576;

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("nothing is stored while a thread is far behind, until it is gone", async () => {
  const server = await StoreServer.start(new MemoryStore(), {
    clock: new FakeClock(),
    log: silentLog,
  });
  const [seat, stuck] = [server.connect(), server.connect()];
  const store = new ThreadStore(seat.access);
  stuck.hears = true;
  for (let at = 0; at < MUCH; at++) {
    const put = store.put([recordOf(someEvent({ content: "x".repeat(MIB), created_at: at }))]);
    if (!stuck.isBehind) deepEqual(await put, ["stored"]);
    else {
      // Its answer would come before that of a later question.
      await store.size();
      equal((await store.size()).events, at, "it waits");
      server.disconnect(stuck);
      deepEqual(await put, ["stored"]);
      break;
    }
  }
  equal(stuck.isBehind, false);
  stuck.access.port.close();
  await store.close();
  await server.close();
});

Deno.test("a thread that takes what it is told is never behind", async () => {
  const [one, other] = await lentTo(2, new MemoryStore());
  await other!.feed.start({ clock: new FakeClock(), log: silentLog });
  for (let at = 0; at < MUCH; at++) {
    await one!.put([recordOf(someEvent({ content: "x".repeat(MIB), created_at: at }))]);
  }
  equal((await one!.size()).events, MUCH);
  await Promise.all([one!.close(), other!.close()]);
});

Deno.test("what a thread was storing when it ended is stored, and what it asked is ended", async () => {
  const inner = new MemoryStore();
  const server = await StoreServer.start(inner, { clock: new FakeClock(), log: silentLog });
  const seat = server.connect();
  const store = new ThreadStore(seat.access);
  const event = someEvent();
  const lost = rejects(store.put([recordOf(event)]), { name: "StoreUnavailable" });
  while ((await idsIn(inner, {})).length === 0) await nextTurn();
  const closing = store.close();
  server.disconnect(seat);
  await Promise.allSettled([lost, closing]);
  deepEqual(await idsIn(inner, {}), [event.id]);
  await server.close();
});

Deno.test("errors, sources, key sets and what a query tells besides arrive on the other side", async () => {
  const told: unknown[] = [];
  const key = "a".repeat(64);
  const inner = partialStore({
    async *query([filter], options = {}) {
      const { source, timeoutMs, onLeftOut, onWork, onLast, pieceBytes } = options;
      told.push([source?.client, timeoutMs, pieceBytes?.(), [...filter!.authors!]]);
      onWork?.({ plan: "by a", databaseMs: 3 });
      onLeftOut?.();
      onLast?.();
      yield [{ seq: 7, id: key, createdAt: 5, json: new Uint8Array([1]) }];
      throw new QueryTimedOut(9);
    },
  });
  const [store] = await lentTo(1, inner);
  const noted: unknown[] = [];
  const filter = { authors: KeySet.of([key])!, tags: new Map() };
  const rows = store!.query([filter], {
    source: { client: "c", connection: {} },
    ...{ timeoutMs: 8, pieceBytes: () => 4 },
    onLeftOut: () => noted.push("left out"),
    onWork: ({ plan, databaseMs }) => noted.push([plan, databaseMs]),
    onLast: () => noted.push("last"),
  });
  await rejects(async () => {
    for await (const piece of rows) noted.push(piece);
  }, { name: "QueryTimedOut" });
  deepEqual(told, [["c", 8, 4, [key]]]);
  deepEqual(noted, [
    "left out",
    ["by a", 3],
    "last",
    [{ seq: 7, id: key, createdAt: 5, json: new Uint8Array([1]) }],
  ]);
  await store!.close();
});
