import { deepEqual, equal } from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Housekeeper, type HousekeeperOptions } from "../../../src/app/database/housekeeper.ts";
import { silentLog } from "../../../src/base/log.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { RetentionRules } from "../../../src/store/write/retention.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { idsIn, recordOf, someEvent } from "../../kit/records.ts";

const DAY_S = 86_400;

const keepAll: RetentionRules = {
  ages: [],
  maxBytes: Infinity,
  keptKinds: [],
  keptAuthors: new Set(),
};

function startHousekeeper(over: Partial<HousekeeperOptions> = {}) {
  const clock = new FakeClock(100 * DAY_S * 1_000);
  const store = new MemoryStore(clock);
  const start = () =>
    new Housekeeper({
      ...{ store, clock, log: silentLog, rules: keepAll, sweepIntervalMs: 3_600_000 },
      ...over,
    });
  return { clock, store, start };
}

/** Lets time pass, and what it set off come to rest. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
  }
}

async function storedCount(store: MemoryStore): Promise<number> {
  return (await store.survey({ createdAt: 2 ** 53, id: "" }, 100_000)).length;
}

Deno.test("expired events are removed within seconds, however many", async () => {
  const { clock, store, start } = startHousekeeper();
  const atS = clock.nowMs() / 1_000 + 2;
  const events = Array.from(
    { length: 1_300 },
    () => someEvent({ tags: [["expiration", `${atS}`]] }),
  );
  await store.put([...events, someEvent()].map(recordOf));
  const housekeeper = start();
  await pass(clock, 1_000);
  equal(await storedCount(store), 1_301);
  await pass(clock, 6_000);
  equal(await storedCount(store), 1);
  await housekeeper.close();
  equal(clock.timerCount, 0);
});

Deno.test("what is too old goes when the sweep is due, and what is exempt stays", async () => {
  const kinds = { first: 0, last: 65_535 };
  const rules = {
    ages: [{ kinds, maxAgeS: DAY_S }],
    maxBytes: Infinity,
    keptKinds: [{ first: 0, last: 0 }],
    keptAuthors: new Set(["cd".repeat(32)]),
  };
  const { clock, store, start } = startHousekeeper({ rules, sweepIntervalMs: 60_000 });
  const nowS = clock.nowMs() / 1_000;
  const old = Array.from({ length: 1_200 }, (_, i) => someEvent({ created_at: i }));
  const kept = [
    someEvent({ created_at: nowS - DAY_S + 3_600 }),
    someEvent({ created_at: 2, kind: 0 }),
    someEvent({ created_at: 1, pubkey: "cd".repeat(32) }),
  ];
  await store.put([...old, ...kept].map(recordOf));
  const housekeeper = start();
  await pass(clock, 2_000);
  deepEqual(await idsIn(store, {}), kept.map(({ id }) => id));
  const late = someEvent({ created_at: 5 });
  await store.put([recordOf(late)]);
  await pass(clock, 20_000);
  equal(await storedCount(store), 4);
  await pass(clock, 60_000);
  equal(await storedCount(store), 3);
  await housekeeper.close();
});

Deno.test("of a total size the oldest go", async () => {
  const events = Array.from({ length: 10 }, (_, i) => someEvent({ created_at: i }));
  const bytes = recordOf(events[0]!).json.length;
  const removed: string[] = [];
  const { clock, store, start } = startHousekeeper({
    rules: { ...keepAll, maxBytes: 4 * bytes },
    onRemoved: (ids) => removed.push(...ids),
  });
  await store.put(events.map(recordOf));
  const housekeeper = start();
  await pass(clock, 500);
  deepEqual(await idsIn(store, {}), events.slice(6).map(({ id }) => id).reverse());
  deepEqual(removed.sort(), events.slice(0, 6).map(({ id }) => id).sort());
  await housekeeper.close();
});

Deno.test("a store that fails is told of once, and tried again", async () => {
  const lines: string[] = [];
  const log = {
    ...silentLog,
    error: (line: string) => lines.push(line),
    info: (line: string) => lines.push(line),
  };
  let fails = true;
  const store = partialStore({
    removeExpired: () => fails ? Promise.reject(new Error("away")) : Promise.resolve(0),
  });
  const { clock, start } = startHousekeeper({ store, log });
  const housekeeper = start();
  await pass(clock, 12_000);
  deepEqual(lines, ["removing events fails"]);
  fails = false;
  await pass(clock, 5_000);
  deepEqual(lines, ["removing events fails", "removing events works again"]);
  await housekeeper.close();
});

Deno.test("closing ends a long removal at its next step", async () => {
  let steps = 0;
  const store = partialStore({ removeExpired: (limit) => (steps++, Promise.resolve(limit)) });
  const { clock, start } = startHousekeeper({ store });
  const housekeeper = start();
  await pass(clock, 300);
  const before = steps;
  await housekeeper.close();
  await pass(clock, 10_000);
  equal(steps, before);
  equal(clock.timerCount, 0);
});

Deno.test("new rules hold at once, and end a scan by the old ones", async () => {
  const kinds = { first: 0, last: 65_535 };
  const removing = { ...keepAll, ages: [{ kinds, maxAgeS: DAY_S }] };
  const { clock, store, start } = startHousekeeper();
  const old = Array.from({ length: 1_700 }, (_, at) => someEvent({ created_at: at }));
  await store.put(old.map(recordOf));
  const housekeeper = start();
  await pass(clock, 10_000);
  equal(await storedCount(store), 1_700);
  housekeeper.update(removing, 60_000);
  while (await storedCount(store) === 1_700) await pass(clock, 10);
  housekeeper.update(keepAll, 60_000);
  const left = await storedCount(store);
  equal(left > 0, true);
  await pass(clock, 120_000);
  equal(await storedCount(store), left);
  housekeeper.update(removing, 60_000);
  await pass(clock, 10_000);
  equal(await storedCount(store), 0);
  await housekeeper.close();
  equal(clock.timerCount, 0);
});

/** Slices that nobody asks for. */
const UNREAD = { of: () => Promise.resolve(undefined), itemsIn: () => Promise.resolve([]) };

Deno.test("slices are tended until there is no more to do, and again within seconds", async () => {
  let steps = 0;
  let left = 3;
  const slices = {
    ...UNREAD,
    tend: () => {
      steps++;
      return Promise.resolve(--left > 0);
    },
  };
  const { clock, start } = startHousekeeper({ store: partialStore({ slices }) });
  const housekeeper = start();
  await pass(clock, 1_000);
  equal(steps, 3);
  left = 2;
  await pass(clock, 6_000);
  equal(steps, 5);
  await housekeeper.close();
  equal(clock.timerCount, 0);
});

Deno.test("slices that take long, or cannot be kept, keep nobody from removing events", async () => {
  const lines: string[] = [];
  const log = { ...silentLog, error: (line: string) => lines.push(line) };
  const kinds = { first: 0, last: 65_535 };
  const rules = { ...keepAll, ages: [{ kinds, maxAgeS: DAY_S }] };
  const tends = [
    () => Promise.resolve(true),
    () => Promise.reject(new Error("must be owner of table events")),
  ];
  for (const tend of tends) {
    const slices = { ...UNREAD, tend };
    const inner = new MemoryStore(new FakeClock(100 * DAY_S * 1_000));
    const store = partialStore({
      slices,
      removeExpired: (limit) => inner.removeExpired(limit),
      survey: (after, limit) => inner.survey(after, limit),
      remove: (ids) => inner.remove(ids),
    });
    await inner.put([recordOf(someEvent({ created_at: 1 }))]);
    const { clock, start } = startHousekeeper({ store, rules, log });
    const housekeeper = start();
    await pass(clock, 1_000);
    equal(await storedCount(inner), 0);
    await housekeeper.close();
    equal(clock.timerCount, 0);
  }
  deepEqual(lines, ["keeping slices fails"]);
});
