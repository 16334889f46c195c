/**
 * The random rounds of tests/contract, ten times as many on each store as in the gate, and for
 * three draws of the events.
 *
 * @module
 */

import { silentLog } from "../../src/base/log.ts";
import { openPglite } from "../../src/store/database/pglite.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { timeless } from "../../src/store/store_clock.ts";
import { WindowStore } from "../../src/store/window/window_store.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { testDeletionOracle } from "../contract/deletion_contract.ts";
import { testFilterOracle } from "../contract/event_store_contract.ts";
import { SEARCHABLE_KINDS, testSearchOracle } from "../contract/search_contract.ts";
import { testVisibilityOracle } from "../contract/visibility_contract.ts";
import { openStoreOn } from "../kit/database.ts";
import { sharedServers } from "../kit/each_server.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const PART = 10;
const DRAWS = 3;

/** Evicting all the time, and holding all there is. */
for (const [size, maxBytes] of [["tiny", 60_000], ["large", 100 * 1_048_576]] as const) {
  testOracles(`${size} window over memory`, async () => {
    const options = { maxBytes, clock: timeless, random: new SeededRandom(1) };
    const store = new WindowStore(new MemoryStore(), options);
    await store.feed.start({ clock: new FakeClock(), log: silentLog });
    return store;
  });
}

testOracles(
  "pglite",
  async () => await openStoreOn(await openPglite(), { searchableKinds: SEARCHABLE_KINDS }),
);

for (const server of sharedServers({ keepsSchema: true })) {
  testOracles(
    server.name,
    async () =>
      await openStoreOn(openPostgres(await server.freshDatabase()), {
        searchableKinds: SEARCHABLE_KINDS,
      }),
  );
}

function testOracles(name: string, open: () => Promise<TidyStore>): void {
  for (let draw = 1; draw <= DRAWS; draw++) {
    const test = (sentence: string, work: (store: TidyStore) => Promise<void>) => {
      Deno.test(`${name}: ${sentence}, draw ${draw}`, async () => {
        const store = await open();
        try {
          await work(store);
        } finally {
          await store.close();
        }
      });
    };
    testFilterOracle(test, PART);
    testSearchOracle(test, PART);
    testVisibilityOracle(test, PART);
    testDeletionOracle(test, PART);
  }
}
