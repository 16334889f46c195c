/**
 * What filters cost on each server. `tests/long/million_test.ts` measures the same shapes at size.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { buildIndexes, deferIndexes } from "../../src/store/write/deferred_indexes.ts";
import { Crowd } from "../kit/crowd.ts";
import { openStoreOn } from "../kit/database.ts";
import { testOnEachServer } from "../kit/each_server.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { explained } from "../kit/explained.ts";
import { SEARCHABLE_KINDS, shapesOf } from "../kit/query_shapes.ts";
import { newKey, recordOf } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

/** To find an event by one tag, to fetch its row, and to look for another tag. */
const PAGES_PER_EVENT = 12;

const test = testOnEachServer();

test("a second tag is looked for in the events with the first, and nowhere else", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  const store = await openStoreOn(database);
  try {
    const events = generateEvents(new SeededRandom(8), 2_000);
    await store.put(events.map(recordOf));
    const candidates = events.filter(({ tags }) =>
      tags.some(([t, v]) => t === "t" && v === "nostr")
    );
    const strangers = (count: number) => new Set(Array.from({ length: count }, newKey));
    const first: [string, ReadonlySet<string>] = ["t", new Set(["nostr"])];
    const filters: Readonly<Record<string, ReqFilter>> = {
      "one value": { tags: new Map([first, ["p", strangers(1)]]) },
      "many values": { tags: new Map([first, ["p", strangers(100)]]) },
      "all of two": { tags: new Map(), allTags: new Map([["t", new Set(["nostr", "never"])]]) },
    };
    for (const [name, filter] of Object.entries(filters)) {
      const { pages } = await explained(
        database,
        (store) => Array.fromAsync(store.query([{ ...filter, limit: 50 }])),
      );
      const bound = PAGES_PER_EVENT * candidates.length;
      ok(
        pages <= bound,
        `${name}: ${pages} pages for ${candidates.length} events, at most ${bound}`,
      );
    }
  } finally {
    await store.close();
  }
});

test("no shape reads more than its bound, before a vacuum and after it", async (server) => {
  const database = openPostgres(await server.freshDatabase());
  const options = { searchableKinds: SEARCHABLE_KINDS };
  const store = await openStoreOn(database, options);
  try {
    const [startTime, count] = [1_600_000_000, 20_000];
    const crowd = new Crowd(new SeededRandom(1), {
      authors: 2_000,
      startTime,
      eventsPerSecond: 0.01,
    });
    const events = Array.from({ length: count }, () => crowd.next());
    // As an import fills an empty database, which takes half the time.
    await deferIndexes(database);
    for (let at = 0; at < count; at += 5_000) {
      await store.put(events.slice(at, at + 5_000).map(recordOf));
    }
    await buildIndexes(database);
    const shapes = shapesOf({ crowd, events, middle: startTime + count / 2 / 0.01 });
    for (const state of ["analyze", "vacuum (analyze)"]) {
      await database.script(state);
      for (const { name, ask, bound } of shapes) {
        const { read, sorted, pages } = await explained(database, ask);
        ok(read <= bound, `${state}, ${name}: ${read} rows read, at most ${bound}`);
        ok(sorted <= bound, `${state}, ${name}: ${sorted} rows sorted, at most ${bound}`);
        // Entries of an index that are passed over are no rows.
        ok(pages <= 4 * bound, `${state}, ${name}: ${pages} pages, at most ${4 * bound}`);
      }
    }
  } finally {
    await store.close();
  }
});
