/**
 * What it costs a long query that a replica answers it: the same query of the primary alone, and of the
 * primary with a replica, in turn, first alone and then while events are stored.
 *
 * deno run -A --config tests/deno.json bench/replica.ts [queries]
 *
 * @module
 */

import { silentLog } from "../src/base/log.ts";
import { systemClock } from "../src/app/system/system_clock.ts";
import type { EventRecord } from "../src/store/event_store.ts";
import { openPostgres } from "../src/store/database/postgres.ts";
import { ReplicatedDatabase } from "../src/store/database/replicated_database.ts";
import type { SqlStore } from "../src/store/sql_store.ts";
import { Crowd } from "../tests/kit/crowd.ts";
import { openStoreOn } from "../tests/kit/database.ts";
import { PostgresServer } from "../tests/kit/postgres_server.ts";
import { recordOf } from "../tests/kit/records.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";

const queries = Number(Deno.args[0] ?? 500);

const STORED = 20_000;
const BATCH = 100;

/** Two conditions on tags, which is never a short query. */
const LONG = {
  tags: new Map([["t", new Set(["bitcoin"])]]),
  allTags: new Map([["t", new Set(["nostr"])]]),
  limit: 20,
};

const crowd = new Crowd(new SeededRandom(1), {
  ...{ authors: 5_000, startTime: 1_700_000_000, eventsPerSecond: 50 },
});

await using primary = await PostgresServer.start({ isDurable: true });
await using replica = await primary.replica();
const url = await primary.freshDatabase();
const alone = await openStoreOn(openPostgres(url));
for (let stored = 0; stored < STORED; stored += BATCH) await alone.put(batch());
const log = { ...silentLog, warn: console.warn };
const together = await openStoreOn(
  new ReplicatedDatabase(
    openPostgres(url),
    openPostgres(url.replace(`:${primary.port}`, `:${replica.port}`)),
    { maxLagMs: 1_000, clock: systemClock, log },
  ),
);
try {
  console.log("| | primary, ms: median, p99 | replica, ms: median, p99 |");
  await compare("nothing is stored");
  let isOver = false;
  const storing = (async () => {
    while (!isOver) await alone.put(batch());
  })();
  await compare("events are stored without pause");
  isOver = true;
  await storing;
} finally {
  await alone.close();
  await together.close();
}

function batch(): readonly EventRecord[] {
  return Array.from({ length: BATCH }, () => {
    return recordOf(crowd.next());
  });
}

async function compare(name: string): Promise<void> {
  const times = new Map<SqlStore, number[]>([[alone, []], [together, []]]);
  for (let round = -20; round < queries; round++) {
    for (const [store, list] of times) {
      const ms = await timeOf(store);
      if (round >= 0) list.push(ms);
    }
  }
  const columns = [...times.values()].map((list) => {
    list.sort((a, b) => a - b);
    const at = (share: number) => list[Math.floor(share * (list.length - 1))]!.toFixed(1);
    return `${at(0.5)}, ${at(0.99)}`;
  });
  console.log(`| ${name} | ${columns.join(" | ")} |`);
}

async function timeOf(store: SqlStore): Promise<number> {
  const startMs = performance.now();
  await Array.fromAsync(store.query([LONG]));
  return performance.now() - startMs;
}
