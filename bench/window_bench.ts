/**
 * Measures the answers of the window in memory, and what keeps it current: `deno bench -A
 * bench/window_bench.ts`. Each round takes the next of two hundred questions of a shape, over 50,000
 * generated events that the window has in full.
 *
 * @module
 */

import { silentLog } from "../src/base/log.ts";
import type { NostrEvent } from "../src/nostr/event.ts";
import type { ReqFilter } from "../src/nostr/filter.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { timeless } from "../src/store/store_clock.ts";
import { RecentEvents } from "../src/store/window/recent_events.ts";
import { WindowStore } from "../src/store/window/window_store.ts";
import { generateEvents } from "../tests/kit/event_generator.ts";
import { FakeClock } from "../tests/kit/fake_clock.ts";
import { recordOf } from "../tests/kit/records.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";

const EVENTS = 50_000;
const QUESTIONS = 200;

const random = new SeededRandom(1);
const events = generateEvents(random, EVENTS, { authors: 2_000 });
const records = events.map(recordOf);

const inner = new MemoryStore();
await inner.put(records);
const store = new WindowStore(inner, {
  maxBytes: 1e9,
  clock: timeless,
  random: new SeededRandom(2),
});
await store.feed.start({ clock: new FakeClock(), log: silentLog });
while (store.window.horizon > 0) await new Promise((resolve) => setTimeout(resolve, 0));

const tags: ReqFilter["tags"] = new Map();
const people = (count: number) =>
  new Set(Array.from({ length: count }, () => random.pick(events).pubkey));
const stored = (await Array.fromAsync(inner.query([{ tags: new Map() }]))).flat();
const ids = (count: number) => new Set(Array.from({ length: count }, () => random.pick(stored).id));

function carrying(letter: string): NostrEvent {
  for (;;) {
    const event = random.pick(events);
    if (event.tags.some(([name, value]) => name === letter && value !== undefined)) return event;
  }
}

function tagged(letter: string): ReqFilter["tags"] {
  const { tags } = carrying(letter);
  const tag = tags.find(([name, value]) => name === letter && value !== undefined)!;
  return new Map([[letter, new Set([tag[1]!])]]);
}

const shapes: Readonly<Record<string, () => ReqFilter>> = {
  "an id": () => ({ ids: ids(1), tags }),
  "50 ids": () => ({ ids: ids(50), tags }),
  "an author's notes": () => ({ authors: people(1), kinds: new Set([1]), tags, limit: 35 }),
  "a profile": () => ({ authors: people(1), kinds: new Set([0]), tags, limit: 1 }),
  "50 profiles": () => ({ authors: people(50), kinds: new Set([0]), tags, limit: 50 }),
  "feed of 200": () => ({ authors: people(200), kinds: new Set([1, 6]), tags, limit: 35 }),
  "feed of 500": () => ({ authors: people(500), kinds: new Set([1]), tags, limit: 500 }),
  "50 authors": () => ({ authors: people(50), tags, limit: 100 }),
  "a kind": () => ({ kinds: new Set([7]), tags, limit: 35 }),
  "a kind, 500": () => ({ kinds: new Set([1]), tags, limit: 500 }),
  "#e": () => ({ tags: tagged("e"), kinds: new Set([1, 7]), limit: 35 }),
  "#p": () => ({ tags: tagged("p"), limit: 35 }),
  "#t and kinds": () => ({ tags: tagged("t"), kinds: new Set([1]), limit: 35 }),
  "#t and authors": () => ({ tags: tagged("t"), authors: people(100), limit: 35 }),
  "an address": () => {
    const event = carrying("d");
    const d = event.tags.find(([name]) => name === "d")![1]!;
    const [authors, kinds] = [new Set([event.pubkey]), new Set([event.kind])];
    return { authors, kinds, tags: new Map([["d", new Set([d])]]), limit: 1 };
  },
  "an hour": () => {
    const since = random.pick(events).created_at;
    return { since, until: since + 3_600, tags, limit: 35 };
  },
};

for (const [name, draw] of Object.entries(shapes)) {
  const questions = Array.from({ length: QUESTIONS }, draw);
  let next = 0;
  Deno.bench(name, async () => {
    for await (const _ of store.query([questions[next++ % QUESTIONS]!]));
  });
}

const big = new RecentEvents(20_000_000, new SeededRandom(3));
let added = 0;
Deno.bench("add an event to a full window", () => {
  const record = records[added % EVENTS]!;
  const id = (added++).toString(16).padStart(64, "0");
  const created_at = 1_800_000_000 + added;
  big.add({ ...record, event: { ...record.event, id, created_at }, seq: added });
});
