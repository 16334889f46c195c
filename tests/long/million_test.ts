/**
 * A million events: what they cost to write, what each shape of filter reads, and what it takes in time
 * at a tenth of the size and at the whole.
 *
 * `EVENTS` in the environment changes the size, `DATABASES` which of the databases are tried.
 *
 * @module
 */

import { ok } from "node:assert/strict";
import { importEvents } from "../../src/app/import_events.ts";
import { readMigrations } from "../../src/app/migration_files.ts";
import { sha256 } from "../../src/app/sha256.ts";
import { utf8 } from "../../src/base/bytes.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { Crowd } from "../kit/crowd.ts";
import { explained, type RowsRead } from "../kit/explained.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const total = Number(Deno.env.get("EVENTS") ?? 1_000_000);
const databases = (Deno.env.get("DATABASES") ?? "postgres,pglite").split(",");
const LIMIT = 50;
const RUNS = 15;
/** A query that takes less than this is as fast as can be told apart here. */
const NOISE_MS = 2;

const START = 1_600_000_000;
const EVENTS_PER_SECOND = 0.01;

/** What is asked about: values that occur at both sizes, of authors who write much and little. */
interface Sample {
  readonly crowd: Crowd;
  readonly events: readonly NostrEvent[];
  readonly topEvent: string;
}

interface Shape {
  readonly name: string;
  readonly filter: ReqFilter;
}

for (const name of databases) {
  Deno.test(`${total} events in ${name}`, async () => {
    await using place = await places[name]!();
    await migrate(place.database, await readMigrations(), sha256);
    const store = new SqlStore(place.database, sha256);
    const crowd = new Crowd(new SeededRandom(1), {
      authors: 50_000,
      startTime: START,
      eventsPerSecond: EVENTS_PER_SECOND,
    });
    const sample = { crowd, events: [] as NostrEvent[], topEvent: "" };

    const first = await load(store, crowd, { count: total / 10, keep: sample.events });
    await place.database.script("analyze");
    const shapes = shapesOf({ ...sample, topEvent: mostMentioned(sample.events) });
    const tenth = await measure(store, shapes);
    const rest = await load(store, crowd, { count: total - total / 10, keep: [] });
    await place.database.script("analyze");
    const whole = await measure(store, shapes);

    const rates = [...first, ...rest];
    console.log(
      `${name}: ${Math.round(average(rates))} events/s, ` +
        `first tenth ${Math.round(rates[0]!)}, last tenth ${Math.round(rates.at(-1)!)}`,
    );
    const rows = new Map<string, RowsRead>();
    for (const { name, filter } of shapes) {
      rows.set(name, await explained(place.database, filter));
    }
    console.log(tableOf(shapes, { tenth, whole, rows }));
    for (const { name, filter } of shapes) {
      const { read, sorted } = rows.get(name)!;
      const bound = 5 * (LIMIT + valuesIn(filter));
      ok(read <= bound, `${name} read ${read} rows, at most ${bound}`);
      ok(sorted <= bound, `${name} sorted ${sorted} rows, at most ${bound}`);
    }
    for (const { name } of shapes) {
      const [small, large] = [tenth.get(name)!, whole.get(name)!];
      ok(large < 2 * small + NOISE_MS, `${name}: ${small} ms at a tenth, ${large} ms at the whole`);
    }
    ok(rates.at(-1)! >= 0.7 * rates[0]!, `${rates[0]} events/s at first, ${rates.at(-1)} at last`);
    await store.close();
  });
}

interface Place extends AsyncDisposable {
  readonly database: Database;
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  async postgres() {
    const server = await PostgresServer.start({ isDurable: true });
    const database = openPostgres(await server.freshDatabase());
    return { database, [Symbol.asyncDispose]: () => server.stop() };
  },
  async pglite() {
    const directory = await Deno.makeTempDir();
    const database = await openPglite(`${directory}/pglite`);
    const remove = () => Deno.remove(directory, { recursive: true });
    return { database, [Symbol.asyncDispose]: remove };
  },
};

/** Imports the next events of the crowd and says how many went in a second, for each tenth of all. */
async function load(
  store: SqlStore,
  crowd: Crowd,
  { count, keep }: { readonly count: number; readonly keep: NostrEvent[] },
): Promise<readonly number[]> {
  const rates: number[] = [];
  for (let done = 0; done < count; done += total / 10) {
    // Made before the clock runs: it is the import that is measured.
    const lines: Uint8Array[] = [];
    for (let made = 0; made < total / 10; made++) {
      const event = crowd.next();
      keep.push(event);
      lines.push(utf8(`${eventJson(event)}\n`));
    }
    const startMs = performance.now();
    await importEvents(ReadableStream.from(lines), {
      store,
      verifier: undefined,
      policy: () => undefined,
      nowMs: Date.now(),
      maxLineBytes: 1_000_000,
    });
    rates.push(lines.length / ((performance.now() - startMs) / 1_000));
  }
  return rates;
}

/** Median milliseconds of each shape. */
async function measure(
  store: SqlStore,
  shapes: readonly Shape[],
): Promise<ReadonlyMap<string, number>> {
  const medians = new Map<string, number>();
  for (const { name, filter } of shapes) {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const startMs = performance.now();
      for await (const _ of store.query([filter]));
      times.push(performance.now() - startMs);
    }
    medians.set(name, times.sort((a, b) => a - b)[RUNS >> 1]!);
  }
  return medians;
}

function shapesOf({ crowd, events, topEvent }: Sample): readonly Shape[] {
  const hot = crowd.authors[0]!;
  const cold = events.findLast(({ pubkey }) => crowd.authors.indexOf(pubkey) > 30_000)!;
  const busy = crowd.authors.slice(0, 500);
  const quiet = crowd.authors.slice(-500);
  const article = events.findLast(({ kind }) => kind === 30023)!;
  const ids = events.filter((_, place) => place % 97 === 0).slice(0, 50).map(({ id }) => id);
  const noTags = new Map();
  const tag = (letter: string, ...values: string[]) => new Map([[letter, new Set(values)]]);
  const kinds = (...kinds: number[]) => ({ kinds: new Set(kinds) });
  const authors = (...authors: string[]) => ({ authors: new Set(authors) });
  const middle = START + Math.floor(total / 20 / EVENTS_PER_SECOND);
  const filters: Readonly<Record<string, ReqFilter>> = {
    "50 ids": { ids: new Set(ids), tags: noTags },
    "busy author": { ...authors(hot), tags: noTags },
    "quiet author": { ...authors(cold.pubkey), tags: noTags },
    "busy author, kind 1": { ...authors(hot), ...kinds(1), tags: noTags },
    "profile": { ...authors(hot), ...kinds(0), tags: noTags },
    "feed of 500 busy authors": { ...authors(...busy), ...kinds(1), tags: noTags },
    "feed of 500 quiet authors": { ...authors(...quiet), ...kinds(1), tags: noTags },
    "feed of 500 busy authors, notes and reposts": {
      ...authors(...busy),
      ...kinds(1, 6),
      tags: noTags,
    },
    "500 busy authors, any kind": { ...authors(...busy), tags: noTags },
    "kind 1": { ...kinds(1), tags: noTags },
    "kind 30023": { ...kinds(30023), tags: noTags },
    "kinds 1, 6, 7, 9735": { ...kinds(1, 6, 7, 9735), tags: noTags },
    "#e, popular": { tags: tag("e", topEvent) },
    "#e, one note's reactions": { tags: tag("e", ids[0]!), ...kinds(7) },
    "100 #e, reactions": {
      tags: tag("e", ...events.slice(-100).map(({ id }) => id)),
      ...kinds(7),
    },
    "#p, popular": { tags: tag("p", hot) },
    "#p, popular, gift wraps": { tags: tag("p", hot), ...kinds(1059) },
    "#p, popular, zaps": { tags: tag("p", hot), ...kinds(9735) },
    "#p, quiet": { tags: tag("p", cold.pubkey) },
    "#t, popular": { tags: tag("t", "nostr") },
    "#t, popular, articles": { tags: tag("t", "nostr"), ...kinds(30023) },
    "#t, popular, busy author": { tags: tag("t", "nostr"), ...authors(hot) },
    "address": {
      ...kinds(30023),
      ...authors(article.pubkey),
      tags: tag("d", article.tags.find(([name]) => name === "d")![1]!),
    },
    "newest": { tags: noTags },
    "time window": { tags: noTags, since: middle - 100_000, until: middle },
    "deep page of kind 1": { ...kinds(1), tags: noTags, until: middle },
  };
  return Object.entries(filters).map(([name, filter]) => ({
    name,
    filter: { ...filter, limit: LIMIT },
  }));
}

function mostMentioned(events: readonly NostrEvent[]): string {
  const counts = new Map<string, number>();
  for (const { tags } of events) {
    for (const [name, value] of tags) {
      if (name === "e") counts.set(value!, (counts.get(value!) ?? 0) + 1);
    }
  }
  return [...counts].reduce((most, each) => each[1] > most[1] ? each : most)[0];
}

function valuesIn({ ids, authors, kinds, tags }: ReqFilter): number {
  const lists = [ids, authors, kinds, ...tags.values()];
  return lists.reduce((sum, list) => sum + (list?.size ?? 0), 0);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Measured {
  readonly tenth: ReadonlyMap<string, number>;
  readonly whole: ReadonlyMap<string, number>;
  readonly rows: ReadonlyMap<string, RowsRead>;
}

function tableOf(shapes: readonly Shape[], { tenth, whole, rows }: Measured): string {
  const lines = shapes.map(({ name, filter }) => {
    const { read, sorted } = rows.get(name)!;
    const bound = 5 * (LIMIT + valuesIn(filter));
    const times = `${tenth.get(name)!.toFixed(1)} | ${whole.get(name)!.toFixed(1)}`;
    return `| ${name} | ${read} | ${bound} | ${sorted} | ${times} |`;
  });
  return [
    `| filter, limit ${LIMIT} | rows read | at most | rows sorted | ms at ${
      total / 10
    } | ms at ${total} |`,
    "|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
