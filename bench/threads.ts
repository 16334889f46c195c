/**
 * What storing an event in memory costs a relay of several threads, beside one: parsing it for the window
 * of each thread, and what they say to each other. It is processor time, in one thread that plays all, with
 * rounds in turn. Signatures and sockets are not in it.
 *
 * deno run -A --config tests/deno.json bench/threads.ts [rounds]
 *
 * @module
 */

import process from "node:process";
import { silentLog } from "../src/base/log.ts";
import { MemoryStore } from "../src/store/memory.ts";
import { timeless } from "../src/store/store_clock.ts";
import { WindowStore } from "../src/store/window/window_store.ts";
import type { TidyStore } from "../src/store/write/upkeep.ts";
import { Crowd } from "../tests/kit/crowd.ts";
import { FakeClock } from "../tests/kit/fake_clock.ts";
import { lentTo } from "../tests/kit/lent_threads.ts";
import { recordOf } from "../tests/kit/records.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { median } from "./load/comparison.ts";

const rounds = Number(Deno.args[0] ?? 9);

/** Events of one measurement, and of one batch of it. */
const EVENTS = 10_000;
const BATCH = 50;

const variants: Readonly<Record<string, () => Promise<readonly TidyStore[]>>> = {
  "one thread": async () => [await windowed(new MemoryStore())],
  "two threads": () => lentWindows(2),
  "four threads": () => lentWindows(4),
};

const crowd = new Crowd(new SeededRandom(1), {
  authors: 5_000,
  startTime: 1_700_000_000,
  eventsPerSecond: 50,
});
const records = Array.from({ length: EVENTS }, () => recordOf(crowd.next()));

const costs = new Map<string, number[]>(Object.keys(variants).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, open] of Object.entries(variants)) {
    const stores = await open();
    const before = process.cpuUsage();
    for (let at = 0; at < EVENTS; at += BATCH) {
      await stores[at / BATCH % stores.length]!.put(records.slice(at, at + BATCH));
    }
    const { user, system } = process.cpuUsage(before);
    costs.get(name)!.push((user + system) / EVENTS);
    await Promise.all(stores.map((store) => store.close()));
  }
}
for (const [name, all] of costs) console.log(`${name}: ${median(all).toFixed(1)} µs an event`);

async function windowed(inner: TidyStore): Promise<TidyStore> {
  const options = { maxBytes: Infinity, clock: timeless, random: new SeededRandom(1) };
  const store = new WindowStore(inner, options);
  await store.feed.start({ clock: new FakeClock(), log: silentLog });
  return store;
}

async function lentWindows(threads: number): Promise<readonly TidyStore[]> {
  return await Promise.all((await lentTo(threads, new MemoryStore())).map(windowed));
}
