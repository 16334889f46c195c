import { deepEqual, equal } from "node:assert/strict";

import { silentLog } from "../../src/base/log.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { type StoreClock, timeless } from "../../src/store/store_clock.ts";
import { WindowStore } from "../../src/store/window/window_store.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { disputedEvents } from "../kit/disputed_events.ts";
import { sharedServers } from "../kit/each_server.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { idsIn, newKey, recordOf, someEvent } from "../kit/records.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";
import { testEventStore } from "./event_store_contract.ts";
import { testSearchAndCount } from "./search_contract.ts";
import { testTidying } from "./tidying_contract.ts";

/** Evicting all the time, and holding all there is. */
const sizes = { tiny: 60_000, large: 100 * 1_048_576 };

for (const [size, maxBytes] of Object.entries(sizes)) {
  const windowed = async (inner: TidyStore, clock: StoreClock = timeless): Promise<TidyStore> => {
    const store = new WindowStore(inner, { maxBytes, clock, random: new SeededRandom(1) });
    await store.feed.start({ clock: new FakeClock(), log: silentLog });
    return store;
  };

  testEventStore({
    name: `${size} window over memory`,
    place: () =>
      Promise.resolve({
        open: () => windowed(new MemoryStore()),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    keeps: false,
    shares: false,
  });

  testSearchAndCount(`${size} window over memory`, () => windowed(new MemoryStore()));

  testTidying(`${size} window over memory`, (clock) => windowed(new MemoryStore(clock), clock));
}

const seed = drawSeed();

for (const server of sharedServers({ keepsSchema: true })) {
  Deno.test(`two windows over one ${server.name} agree with the oracle (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const url = await server.freshDatabase();
    const oracle = new MemoryStore();
    const windows = await Promise.all([400_000, 100 * 1_048_576].map(async (maxBytes) => {
      const inner = await openStoreOn(openPostgres(url));
      const window = new WindowStore(inner, {
        maxBytes,
        clock: timeless,
        random: new SeededRandom(2),
      });
      await window.feed.start({ clock: systemClock, log: silentLog });
      return window;
    }));
    try {
      const events = disputedEvents(random, 1_000);
      const authors = [...new Set(events.map(({ pubkey }) => pubkey))];
      const filters = [
        ...Array.from({ length: 100 }, () => generateFilter(random, events)),
        ...authors.map((author) => ({
          authors: new Set([author, newKey()]),
          kinds: new Set([0, 3, 10_002]),
          tags: new Map(),
        })),
      ];
      for (let at = 0; at < events.length; at += 20) {
        const batch = events.slice(at, at + 20).map(recordOf);
        // What is asked meanwhile must not be remembered wrongly.
        const asked = windows.map((window) => idsIn(window, random.pick(filters)));
        for (const store of [oracle, windows[random.int(2)]!]) await store.put(batch);
        if (random.chance(0.2)) {
          const sent = events.slice(0, at + 20);
          const ids = [0, 1, 2].map(() => random.pick(sent).id);
          // What may come again empties the windows, so that it is seldom.
          const erasure = { ids, isRemembered: random.chance(0.97) };
          for (const store of [oracle, windows[random.int(2)]!]) await store.erase(erasure);
          const again = random.chance(0.5) ? events.slice(0, at).map(({ id }) => id) : [];
          for (const store of [oracle, windows[random.int(2)]!]) await store.restore(again);
        }
        await Promise.all(asked);
      }
      const expected = await Promise.all(filters.map((filter) => idsIn(oracle, filter)));
      for (const window of windows) await untilEqual(window, filters, expected);
    } finally {
      await Promise.all(windows.map((window) => window.close()));
    }
  });
}

for (const server of sharedServers({ keepsSchema: true })) {
  for (const isRemembered of [true, false]) {
    const sentence = isRemembered ? "and stays gone" : "and may come again";
    Deno.test(`what a process deletes on ${server.name} is gone from the window of another, ${sentence}`, async () => {
      const url = await server.freshDatabase();
      const command = await openStoreOn(openPostgres(url));
      const window = new WindowStore(await openStoreOn(openPostgres(url)), {
        maxBytes: 100 * 1_048_576,
        clock: timeless,
        random: new SeededRandom(3),
      });
      const told = Promise.withResolvers<readonly string[]>();
      const restored = Promise.withResolvers<readonly string[]>();
      await window.feed.start({
        clock: systemClock,
        log: silentLog,
        onErased: ({ ids }) => told.resolve(ids),
        onRestored: (ids) => restored.resolve(ids),
      });
      try {
        const old = someEvent({ kind: 0, created_at: 1 });
        const [profile, note, stays] = [
          someEvent({ kind: 0, created_at: 2 }),
          someEvent(),
          someEvent(),
        ];
        await window.put([old].map(recordOf));
        await window.put([profile, note, stays].map(recordOf));
        while (window.window.horizon > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        equal(window.window.events, 3);
        const ids = [profile.id, note.id];
        equal(await command.erase({ ids, isRemembered }), 2);
        deepEqual(await told.promise, ids);
        deepEqual(await idsIn(window, {}), [stays.id]);
        const again = isRemembered ? "deleted" : "stored";
        deepEqual(await window.put([note, profile].map(recordOf)), [again, again]);
        if (isRemembered) {
          equal(await command.restore(ids), 2);
          await restored.promise;
          deepEqual(await window.put([profile, old].map(recordOf)), ["stored", "deleted"]);
          deepEqual(new Set(await idsIn(window, {})), new Set([profile.id, stays.id]));
          return;
        }
        const left = [stays, note, profile].map(({ id }) => id);
        deepEqual(new Set(await idsIn(window, {})), new Set(left));
      } finally {
        await window.close();
        await command.close();
      }
    });
  }
}

/** What the other instance has announced takes a moment to arrive. */
async function untilEqual(
  store: TidyStore,
  filters: readonly ReqFilter[],
  expected: readonly (readonly string[])[],
): Promise<void> {
  for (let attempt = 0;; attempt++) {
    const found = await Promise.all(filters.map((filter) => idsIn(store, filter)));
    if (attempt === 50) return deepEqual(found, expected);
    if (found.flat().join() === expected.flat().join()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
