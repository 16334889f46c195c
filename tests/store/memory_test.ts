import { deepEqual, equal, rejects } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { EventRecord } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { filterOf, idsIn, recordOf, someEvent } from "../kit/records.ts";

// What all stores have in common is in tests/contract; here is what the contract is judged by, held
// against answers written down by hand.

Deno.test("each event of a batch gets its outcome in the batch's order", async () => {
  const store = new MemoryStore();
  const older = record({ id: "aa", kind: 0, created_at: 1 });
  const newer = record({ id: "bb", kind: 0, created_at: 2 });
  const note = record({ id: "cc", kind: 1, created_at: 3 });
  deepEqual(await store.put([older, newer, note, note]), [
    "superseded",
    "stored",
    "stored",
    "duplicate",
  ]);
  deepEqual(await idsIn(store, {}), ["cc", "bb"]);
});

Deno.test("NIP01-46 equal times come by smaller id first", async () => {
  const store = new MemoryStore();
  await store.put(["b", "c", "a"].map((id) => record({ id, created_at: 5 })));
  await store.put([record({ id: "d", created_at: 6 })]);
  deepEqual(await idsIn(store, {}), ["d", "a", "b", "c"]);
});

Deno.test("NIP01-43 limit holds for each filter, and the union has each event once", async () => {
  const store = new MemoryStore();
  await store.put([1, 2, 3, 4].map((time) => record({ id: `${time}`, created_at: time })));
  const filters = [
    filterOf({ limit: 2 }),
    filterOf({ until: 3, limit: 2 }),
    filterOf({ limit: 0 }),
  ];
  deepEqual(await idsIn(store, ...filters), ["4", "3", "2"]);
});

Deno.test("a long answer comes in chunks", async () => {
  const store = new MemoryStore();
  await store.put(Array.from({ length: 1_001 }, (_, i) => record({ id: `${i}`, created_at: i })));
  const lengths = [];
  for await (const chunk of store.query([filterOf({})])) lengths.push(chunk.length);
  deepEqual(lengths, [500, 500, 1]);
});

Deno.test("a closed store is unavailable", async () => {
  const store = new MemoryStore();
  await store.close();
  await rejects(store.put([]), { name: "StoreUnavailable" });
  await rejects(idsIn(store, {}), { name: "StoreUnavailable" });
});

Deno.test("the JSON comes back as it was put", async () => {
  const store = new MemoryStore();
  const put = record({ id: "aa", content: "\u0000 é 🎉" });
  await store.put([put]);
  for await (const [found] of store.query([filterOf({})])) equal(found!.json, put.json);
});

function record(fields: Partial<NostrEvent>): EventRecord {
  return recordOf(someEvent(fields));
}

Deno.test("a long look at all events lets others have their turn, and ends when its time is over", async () => {
  const clock = new FakeClock();
  let pauses = 0;
  const store = new MemoryStore(clock, 1_000, () => {
    pauses++;
    clock.advance(10);
    return Promise.resolve();
  });
  const events = Array.from({ length: 9_000 }, (_, n) => someEvent({ created_at: n }));
  await store.put(events.map(recordOf));
  const newest = await idsIn(store, { limit: 5 });
  deepEqual(newest, events.slice(-5).reverse().map(({ id }) => id));
  equal(pauses, 4);
  const filters = Array.from({ length: 50 }, () => ({ tags: new Map(), kinds: new Set([7]) }));
  await rejects(Array.fromAsync(store.query(filters, { timeoutMs: 100 })), {
    name: "QueryTimedOut",
  });
  equal(pauses, 4 + 11);
});
