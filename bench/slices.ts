/**
 * What keeping slices costs a relay that stores events: with no set, twice to see the noise, with a set of
 * all events, and with four sets, in turn.
 *
 * deno run -A --config tests/deno.json bench/slices.ts [rounds]
 *
 * @module
 */

import type { NostrEvent } from "../src/nostr/event.ts";
import { openPostgres } from "../src/store/database/postgres.ts";
import type { SetFilter } from "../src/store/slices/slice_sets.ts";
import { SqlStore } from "../src/store/sql_store.ts";
import { sha256OfText } from "../src/app/system/sha256.ts";
import { Crowd } from "../tests/kit/crowd.ts";
import { openStoreOn } from "../tests/kit/database.ts";
import { packagedPostgres } from "../tests/kit/postgres_binaries.ts";
import { PostgresServer } from "../tests/kit/postgres_server.ts";
import { recordOf } from "../tests/kit/records.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { median } from "./load/comparison.ts";

const rounds = Number(Deno.args[0] ?? 12);

/** Events of one measurement, and of one batch of it. */
const EVENTS = 4_000;
const BATCH = 50;

interface Variant {
  readonly name: string;
  readonly filters: readonly SetFilter[];
}

const all: SetFilter = {};
const variants: readonly Variant[] = [
  { name: "no set", filters: [] },
  { name: "no set again", filters: [] },
  { name: "all events", filters: [all] },
  {
    name: "four sets",
    filters: [all, ...[1, 7, 0].map((kind) => ({ kinds: new Set([kind]) }))],
  },
];

const crowd = new Crowd(new SeededRandom(1), {
  authors: 5_000,
  startTime: 1_700_000_000,
  eventsPerSecond: 50,
});

await using server = await PostgresServer.start({
  version: packagedPostgres,
  isDurable: true,
  settings: ["shared_buffers=512MB", "max_wal_size=4GB"],
});

for (const spread of [false, true]) {
  const database = openPostgres(await server.freshDatabase());
  await openStoreOn(database);
  const times = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const { name, filters } of rotated(variants, round)) {
      const store = new SqlStore(database, sha256OfText, {
        slices: { filters, privateKinds: new Set([4, 1059]), sliceEvents: 1_024 },
      });
      while (await store.slices!.tend());
      const events = Array.from(
        { length: EVENTS },
        (_, at) => spread ? moved(crowd.next(), at) : crowd.next(),
      );
      const ms = await timed(store, events);
      await store.slices!.tend();
      // The first round warms up.
      if (round >= 0) times.get(name)!.push(ms);
    }
  }
  report(
    spread ? `batches of ${BATCH}, of all times` : `batches of ${BATCH}, of the present`,
    times,
  );
  await database.close();
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = (by + list.length) % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

/** The event at another time. Its id is not checked here. */
function moved(event: NostrEvent, at: number): NostrEvent {
  return { ...event, created_at: 1_500_000_000 + (at * 7_919_131) % 200_000_000 };
}

/** Two batches are written at a time, as a relay does. */
async function timed(store: SqlStore, events: readonly NostrEvent[]): Promise<number> {
  const records = events.map(recordOf);
  let next = 0;
  const startMs = performance.now();
  await Promise.all([1, 2].map(async () => {
    while (next < records.length) await store.put(records.slice(next, next += BATCH));
  }));
  return performance.now() - startMs;
}

function report(title: string, times: ReadonlyMap<string, readonly number[]>): void {
  console.log(`\n| ${title} | µs an event, median | ÷ no set, median of pairs | its range |`);
  console.log("| --- | --- | --- | --- |");
  const base = times.get("no set")!;
  for (const [name, list] of times) {
    const ratios = list.map((ms, round) => ms / base[round]!).sort((a, b) => a - b);
    const [low, middle, high] = [
      ratios[ratios.length >> 2]!,
      median(ratios),
      ratios[ratios.length * 3 >> 2]!,
    ];
    const us = median(list) / EVENTS * 1_000;
    console.log(
      `| ${name} | ${us.toFixed(0)} | ${middle.toFixed(3)} | ${low.toFixed(2)}–${
        high.toFixed(2)
      } |`,
    );
  }
}
