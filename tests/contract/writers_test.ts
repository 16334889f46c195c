/**
 * Several processes write the same events to one server, each in an order of its own: replaceable and
 * addressable ones, deletions, and requests to vanish. What is left is what memory is left with.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { MemoryStore } from "../../src/store/memory.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { disputedEvents } from "../kit/disputed_events.ts";
import { testOnEachServer } from "../kit/each_server.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { Program } from "../kit/program.ts";
import { idsIn, recordOf } from "../kit/records.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const WRITERS = 4;
const EVENTS = 700;
const FILTERS = 60;

const test = testOnEachServer();
const seed = drawSeed();

test(`processes that write and delete the same at the same time converge (seed ${seed})`, async (server) => {
  const url = await server.freshDatabase();
  const events = disputedEvents(new SeededRandom(seed), EVENTS);
  const oracle = new MemoryStore();
  await oracle.put(events.map(recordOf));
  const stored = await writeInProcesses(url);

  const database = openPostgres(url);
  const store = await openStoreOn(database);
  try {
    const left = await idsIn(oracle, {});
    deepEqual(await idsIn(store, {}), left, `seed ${seed}`);
    const random = new SeededRandom(seed);
    for (let n = 0; n < FILTERS; n++) {
      const filter = generateFilter(random, events);
      deepEqual(await idsIn(store, filter), await idsIn(oracle, filter), `seed ${seed}, ${n}`);
    }
    equal(new Set(stored).size, stored.length, "no event is told to be stored twice");
    deepEqual(new Set(left).difference(new Set(stored)), new Set(), "what is left was stored");
    const strays = await database.query({
      text:
        "select count(*) from tags left join events on key = event and events.head = tags.head where key is null",
      parameters: [],
      read: (cells) => cells.integer(0),
    });
    deepEqual(strays, [0], "no tag outlives its event");
  } finally {
    await store.close();
  }
});

/** Gives the ids that each process was told to have stored, one after the other. */
async function writeInProcesses(url: string): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const writers = Array.from({ length: WRITERS }, (_, n) => {
    const args = [url, seed, EVENTS, seed + 1 + n].map(String);
    return stack.use(new Program("tests/kit/writer_program.ts", args));
  });
  await Promise.all(writers.map((writer) => writer.said("ready")));
  await Promise.all(writers.map((writer) => writer.write("\n")));
  const ends = await Promise.all(writers.map((writer) => writer.end()));
  return ends.flatMap(({ code, stdout, stderr }) => {
    equal(code, 0, stderr);
    return stdout.split("\n").filter((id) => id !== "");
  });
}
