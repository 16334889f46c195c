/**
 * Measures the store without a relay: batch writes and typical queries per second, and the rows
 * that the database reads for an answer.
 *
 * ```sh
 * deno run -A bench/store.ts [--events 100000] [--database postgres,pglite]
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { NostrEvent } from "../src/nostr/event.ts";
import type { ReqFilter } from "../src/nostr/filter.ts";
import { portableHashText } from "../src/nostr/event_id.ts";
import type { Database, Parameter } from "../src/store/database/database.ts";
import type { EventRecord, EventStore } from "../src/store/event_store.ts";
import { openPglite } from "../src/store/database/pglite.ts";
import { plansOf } from "../src/store/read/plan.ts";
import { openPostgres } from "../src/store/database/postgres.ts";
import { selectStatement } from "../src/store/read/select_statement.ts";
import { openStoreOn } from "../tests/kit/database.ts";
import { generateEvents } from "../tests/kit/event_generator.ts";
import { freshDatabase, PostgresServer } from "../tests/kit/postgres_server.ts";
import { recordOf } from "../tests/kit/records.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "100000" },
    database: { type: "string", default: "postgres,pglite" },
  },
});

const random = new SeededRandom(1);
const events = generateEvents(random, Number(values.events));
const records = events.map(recordOf);

/** `TEST_DATABASE_URL` names a server to use instead of starting one. */
async function onPostgres(): Promise<void> {
  const given = Deno.env.get("TEST_DATABASE_URL");
  if (given !== undefined) return await measure(openPostgres(await freshDatabase(given)));
  await using server = await PostgresServer.start({ isDurable: true });
  await measure(openPostgres(await server.freshDatabase()));
}

async function onPglite(): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-bench-" });
  try {
    for (const start of ["first", "second"]) {
      const startMs = performance.now();
      const database = await openPglite(`${directory}/pglite`);
      const tookMs = performance.now() - startMs;
      console.log(`${start} start: ${tookMs.toFixed(0)} ms, ${residentMb()} MB resident`);
      if (start === "first") await database.close();
      else await measure(database);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function measure(database: Database): Promise<void> {
  const store = await openStoreOn(database);
  await measureWriting(store);
  await database.script("analyze events; analyze tags");
  for (const [name, draw] of Object.entries(questions)) await measureAsking(store, name, draw);
  await measureMix(store);
  await measureExport(store);
  for (const [name, draw] of Object.entries(questions)) await measureRows(database, name, draw());
  console.log(`${residentMb()} MB resident`);
  await store.close();
}

function residentMb(): number {
  return Math.round(Deno.memoryUsage().rss / 1e6);
}

/** A fifth one by one, then batches of 100, the rest in batches of 500. */
async function measureWriting(store: EventStore): Promise<void> {
  const third = Math.floor(records.length / 3);
  await timed("put, one event a batch", records.slice(0, 1_000), { size: 1, store });
  await timed("put, batches of 100", records.slice(1_000, third), { size: 100, store });
  await timed("put, batches of 500", records.slice(third), { size: 500, store });
}

interface Writing {
  readonly size: number;
  readonly store: EventStore;
}

async function timed(name: string, part: readonly EventRecord[], write: Writing): Promise<void> {
  const { size, store } = write;
  const startMs = performance.now();
  for (let start = 0; start < part.length; start += size) {
    await store.put(part.slice(start, start + size));
  }
  const seconds = (performance.now() - startMs) / 1_000;
  console.log(`${name}: ${Math.round(part.length / seconds)} events/s`);
}

const tags: ReqFilter["tags"] = new Map();
const someone = () => random.pick(events).pubkey;
const people = (count: number) => new Set(Array.from({ length: count }, someone));
const carrying = (letter: string): NostrEvent => {
  for (;;) {
    const event = random.pick(events);
    if (event.tags.some(([name, value]) => name === letter && value !== undefined)) return event;
  }
};
const tagged = (letter: string): ReqFilter["tags"] => {
  const tag = carrying(letter).tags.find(([name, value]) =>
    name === letter && value !== undefined
  )!;
  return new Map([[letter, new Set([tag[1]!])]]);
};

const questions: Readonly<Record<string, () => ReqFilter>> = {
  "ids × 10": () => ({
    ids: new Set(Array.from({ length: 10 }, () => random.pick(events).id)),
    tags,
  }),
  "an author's notes": () => ({ authors: people(1), kinds: new Set([1]), tags, limit: 35 }),
  "a profile": () => ({ authors: people(1), kinds: new Set([0]), tags, limit: 1 }),
  "feed of 200": () => ({ authors: people(200), kinds: new Set([1, 6]), tags, limit: 35 }),
  "feed of 500": () => ({ authors: people(500), kinds: new Set([1]), tags, limit: 50 }),
  "authors × 50": () => ({ authors: people(50), tags, limit: 100 }),
  "a kind": () => ({ kinds: new Set([7]), tags, limit: 35 }),
  "#e": () => ({ tags: tagged("e"), kinds: new Set([1, 7]), limit: 35 }),
  "#p": () => ({ tags: tagged("p"), limit: 35 }),
  "#t": () => ({ tags: tagged("t"), kinds: new Set([1]), limit: 35 }),
  "an address": () => {
    const event = carrying("d");
    return {
      authors: new Set([event.pubkey]),
      kinds: new Set([event.kind]),
      tags: new Map([["d", new Set([event.tags.find(([name]) => name === "d")![1]!])]]),
      limit: 1,
    };
  },
  "a window": () => {
    const since = random.pick(events).created_at;
    return { since, until: since + 3_600, tags, limit: 35 };
  },
};

async function read(store: EventStore, filter: ReqFilter): Promise<number> {
  let count = 0;
  for await (const chunk of store.query([filter])) count += chunk.length;
  return count;
}

async function measureAsking(
  store: EventStore,
  name: string,
  draw: () => ReqFilter,
): Promise<void> {
  for (let i = 0; i < 20; i++) await read(store, draw());
  const times: number[] = [];
  let rows = 0;
  for (let i = 0; i < 200; i++) {
    const filter = draw();
    const startMs = performance.now();
    rows += await read(store, filter);
    times.push(performance.now() - startMs);
  }
  times.sort((a, b) => a - b);
  console.log(
    `${name.padEnd(18)} p50 ${times[100]!.toFixed(2)} ms  p99 ${times[197]!.toFixed(2)} ms  ` +
      `${(rows / 200).toFixed(1)} rows`,
  );
}

/** All queries in turn, with the concurrency of a busy relay. */
async function measureMix(store: EventStore): Promise<void> {
  const draws = Object.values(questions);
  let asked = 0;
  const startMs = performance.now();
  const ask = async () => {
    while (asked < 4_000) await read(store, draws[asked++ % draws.length]!());
  };
  await Promise.all(Array.from({ length: 16 }, ask));
  console.log(
    `the mix, 16 at a time: ${Math.round(asked / (performance.now() - startMs) * 1_000)} q/s`,
  );
}

async function measureExport(store: EventStore): Promise<void> {
  const startMs = performance.now();
  const count = await read(store, { tags });
  console.log(`all of it: ${Math.round(count / (performance.now() - startMs) * 1_000)} events/s`);
}

/** The rows that the first round of an answer reads, as Postgres counts them. */
async function measureRows(database: Database, name: string, filter: ReqFilter): Promise<void> {
  const plan = plansOf(filter, portableHashText)[0]!;
  const limit = Math.min(plan.limit, 500);
  const lanes = plan.lanes.length;
  const perLane = Math.min(limit, Math.max(4, Math.ceil(2 * limit / lanes)));
  const starts = plan.lanes.map((_, lane) => ({ lane, after: undefined }));
  const { text, parameters } = selectStatement(plan, { starts, perLane, limit });
  const lines = await explain(database, text, parameters);
  const touched = lines.filter((line) => / Scan /.test(line) && !/ on unnest|Subquery/.test(line))
    .map((line) => {
      const [, rows, loops] = /actual.*rows=([\d.]+) loops=(\d+)/.exec(line) ?? [, 0, 0];
      return Math.round(Number(rows) * Number(loops));
    });
  console.log(
    `${name.padEnd(18)} ${lanes} lanes, limit ${limit}: rows read ${touched.join(" + ")}  ` +
      lines.flatMap((line) => / using (\w+) on/.exec(line)?.[1] ?? []).join(", "),
  );
}

async function explain(
  database: Database,
  text: string,
  parameters: readonly Parameter[],
): Promise<readonly string[]> {
  const explained = `explain (analyze, costs off, timing off) ${text}`;
  return await database.query({ text: explained, parameters, read: (cells) => cells.text(0) });
}

for (const name of values.database.split(",")) {
  console.log(`\n## ${name}, ${events.length} events\n`);
  if (name === "postgres") await onPostgres();
  else await onPglite();
}
