/**
 * What the store in memory does in one go, whatever it holds and is asked.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import type { EventRecord } from "../../src/store/event_store.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { timeless } from "../../src/store/store_clock.ts";
import { costMs } from "../kit/cost.ts";

const hex = (number: number) => number.toString(16).padStart(64, "0");

/** An event of an author of its own, which nobody checks. */
function record(number: number, draft: Partial<EventRecord["event"]> = {}): EventRecord {
  const event = { kind: 1, tags: [], content: "", sig: "", created_at: number, ...draft };
  return {
    event: { id: hex(number), pubkey: hex(number), ...event },
    json: new Uint8Array(0),
  };
}

const several = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** A store that counts its pauses. */
function countingStore() {
  const pauses = { count: 0 };
  const store = new MemoryStore(timeless, undefined, () => {
    pauses.count++;
    return Promise.resolve();
  });
  return { store, pauses };
}

Deno.test("requests to delete look at what they name, and so do events that come behind them", async () => {
  const pubkey = hex(7);
  const store = new MemoryStore();
  await store.put(several(20_000, (at) => record(1_000_000 + at)));
  const late = (from: number) =>
    several(100, (at) => {
      return record(from + at, { kind: 30_023, pubkey, tags: [["d", `${from + at}`]] });
    });
  let made = 2_000_000;
  const deleted = several(7, () => late(made += 100));
  const named = deleted.flat().map(({ event: { id } }) => ["e", id]);
  await store.put([record(1, { kind: 5, pubkey, tags: named })]);
  const plain = several(7, () => several(100, () => record(made++)));
  const plainMs = costMs(() => void store.put(plain.pop() ?? []));
  const lateMs = costMs(() => void store.put(deleted.pop() ?? []));
  const requests = several(7, () =>
    several(100, () => {
      return record(made++, { kind: 5, pubkey, tags: [["e", hex(made)]] });
    }));
  // One after the other, as they come where nobody waits.
  const requestsMs = costMs(() => requests.pop()?.forEach((request) => void store.put([request])));
  equal((await store.put(late(2_000_100)))[0], "deleted");
  for (const [name, ms] of Object.entries({ lateMs, requestsMs })) {
    ok(ms < 100 * plainMs, `${name}: ${(ms / plainMs).toFixed(0)} times what plain events take`);
  }
});

Deno.test("others have their turn while tags are compared and words are looked for", async () => {
  const { store, pauses } = countingStore();
  const tags = Array.from({ length: 5_000 }, (_, at) => ["abcd"[at % 4]!, "x"]);
  const content = "word ".repeat(10_000);
  await store.put(several(100, (at) => record(at, { tags, content })));
  const pausesOf = async (filter: ReqFilter) => {
    pauses.count = 0;
    for await (const _ of store.query([filter]));
    return pauses.count;
  };
  const ofTags = new Map([..."abcde"].map((letter) => [letter, new Set(["x"])]));
  equal(await pausesOf({ tags: new Map() }), 0);
  ok(await pausesOf({ tags: ofTags }) >= 40);
  ok(await pausesOf({ tags: new Map(), search: new Set(["absent"]) }) >= 40);
});

Deno.test("any number of events is found", async () => {
  const store = new MemoryStore();
  await store.put(several(130_000, (at) => record(at)));
  let found = 0;
  const filter = { tags: new Map(), limit: 130_000 };
  for await (const rows of store.identify([filter])) found += rows.length;
  equal(found, 130_000);
});
