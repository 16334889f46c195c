/**
 * What a filter of two tags costs on each server: a few pages for each event that has the first, however
 * many tags of the second letter there are. `tests/long/million_test.ts` measures the other shapes.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { testOnEachServer } from "../kit/each_server.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { explained } from "../kit/explained.ts";
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
