/**
 * A million events: what they cost to write, what each shape of filter reads, and what it takes in time
 * in a database of a tenth of the size and in the whole, asked in turn.
 *
 * `EVENTS` in the environment changes the size, `DATABASES` which of the databases are tried.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { importEvents } from "../../src/app/transfer/import_events.ts";
import { readMigrations } from "../../src/app/database/schema.ts";
import { sha256, sha256OfText } from "../../src/app/system/sha256.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import type { Database } from "../../src/store/database/database.ts";
import { migrate } from "../../src/store/database/migrations.ts";
import { openPglite } from "../../src/store/database/pglite.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { median } from "../../bench/load/comparison.ts";
import { Crowd } from "../kit/crowd.ts";
import { type Cost, explained } from "../kit/explained.ts";
import { type PostgresVersion, postgresVersions } from "../kit/postgres_binaries.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { LIMIT, SEARCHABLE_KINDS, type Shape, shapesOf } from "../kit/query_shapes.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const total = Number(Deno.env.get("EVENTS") ?? 1_000_000);
const databases = (Deno.env.get("DATABASES") ?? "postgres,pglite").split(",");
const TENTHS = 10;
const RUNS = 31;

const START = 1_600_000_000;
const EVENTS_PER_SECOND = 0.01;

for (const name of databases) {
  Deno.test(`${total} events in ${name}`, async () => {
    await using input = await writeInput();
    await using place = await places[name]!();
    const [tenth, whole] = [await place.database(), await place.database()];
    const { rates, buildMs, perSecond } = await load(whole, input.files);
    // The machine is quicker in one minute than in the next, so the start is measured on both sides.
    const { rates: [again] } = await load(tenth, input.files.slice(0, 1));
    const start = average([rates[0]!, again!]);
    console.log(
      `${name}: ${Math.round(perSecond)} events/s, by tenths ${
        rates.map(Math.round).join(" ")
      }, then ${
        Math.round(buildMs)
      } ms for what was put off; the first again, into an empty database: ${Math.round(again!)}`,
    );
    for (const database of [tenth, whole]) await settle(database);
    const report = await reportOn(input.shapes, tenth, whole);
    console.log(tableOf(report));
    for (const database of [tenth, whole]) await database.close();
    deepEqual(report.flatMap(faultsOf), []);
    ok(rates.at(-1)! >= 0.7 * start, `${start} events/s at first, ${rates.at(-1)} at last`);
  });
}

interface Input extends AsyncDisposable {
  /** Events as lines of JSON, a tenth of all in each. */
  readonly files: readonly string[];
  readonly shapes: readonly Shape[];
}

/** Made before the clock runs, and from then on in nobody's memory: it is the import that is measured. */
async function writeInput(): Promise<Input> {
  const directory = await Deno.makeTempDir();
  const crowd = new Crowd(new SeededRandom(1), {
    authors: 50_000,
    startTime: START,
    eventsPerSecond: EVENTS_PER_SECOND,
  });
  const middle = START + Math.floor(total / 20 / EVENTS_PER_SECOND);
  const files: string[] = [];
  let shapes: readonly Shape[] = [];
  for (let file = 0; file < TENTHS; file++) {
    const events = Array.from({ length: total / TENTHS }, () => crowd.next());
    if (file === 0) shapes = shapesOf({ crowd, events, middle });
    files.push(`${directory}/${file}.jsonl`);
    await writeLines(files.at(-1)!, events);
  }
  return {
    files,
    shapes,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

async function writeLines(path: string, events: readonly NostrEvent[]): Promise<void> {
  await Deno.writeTextFile(path, ReadableStream.from(events.map((each) => `${eventJson(each)}\n`)));
}

interface Loaded {
  /** How many events of each file went in in a second. */
  readonly rates: readonly number[];
  /** How long the indexes took that were put off. */
  readonly buildMs: number;
  /** Events in a second, all in all. */
  readonly perSecond: number;
}

/** Imports the files as the command does. */
async function load(
  database: Database,
  files: readonly string[],
): Promise<Loaded> {
  await migrate(database, await readMigrations(), sha256);
  const store = new SqlStore(database, sha256OfText);
  const rates: number[] = [];
  const startMs = performance.now();
  let filledMs = startMs;
  await store.fill(async () => {
    for (const path of files) {
      await importFile(path, store);
      const nowMs = performance.now();
      rates.push(perSecondIn(filledMs, nowMs));
      filledMs = nowMs;
    }
  });
  const endMs = performance.now();
  return {
    rates,
    buildMs: endMs - filledMs,
    perSecond: files.length * perSecondIn(startMs, endMs),
  };
}

/** Events in a second, if a file took so long. */
function perSecondIn(startMs: number, endMs: number): number {
  return total / TENTHS / ((endMs - startMs) / 1_000);
}

async function importFile(path: string, store: SqlStore): Promise<void> {
  const file = await Deno.open(path);
  await importEvents(file.readable, {
    store,
    verifier: undefined,
    access: { screen: () => undefined, event: () => undefined },
    nowMs: Date.now(),
    maxLineBytes: 1_000_000,
  });
}

/**
 * Makes everything searchable, which is not what the import is measured by, and does what autovacuum
 * would do within a minute or two.
 */
async function settle(database: Database): Promise<void> {
  for await (const _ of searchableIn(database).reindex());
  await database.script("vacuum (analyze)");
}

function searchableIn(database: Database): SqlStore {
  return new SqlStore(database, sha256OfText, { searchableKinds: SEARCHABLE_KINDS });
}

/** What a question took, each figure of a tenth and of the whole. */
interface Line {
  readonly shape: Shape;
  /** Events in the answer. */
  readonly events: Pair;
  readonly medianMs: Pair;
  readonly cost: readonly [Cost, Cost];
}

async function reportOn(
  shapes: readonly Shape[],
  tenth: Database,
  whole: Database,
): Promise<readonly Line[]> {
  const stores = [searchableIn(tenth), searchableIn(whole)] as const;
  const lines: Line[] = [];
  for (const shape of shapes) {
    let [medianMs, events] = await askInTurn(shape, stores);
    // The machine is shared: what takes longer once is asked once more, and what always does stays.
    for (let more = 0; more < 2 && isTooLong(medianMs); more++) {
      [medianMs, events] = await askInTurn(shape, stores);
    }
    lines.push({
      shape,
      events,
      medianMs,
      cost: [await explained(tenth, shape.ask), await explained(whole, shape.ask)],
    });
  }
  return lines;
}

type Pair = readonly [number, number];

/** The median of the times that each took, and how many events came. */
async function askInTurn(
  { ask }: Shape,
  stores: readonly [SqlStore, SqlStore],
): Promise<readonly [medianMs: Pair, events: Pair]> {
  const times: readonly [number[], number[]] = [[], []];
  const events: [number, number] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    for (const size of [0, 1] as const) {
      const startMs = performance.now();
      events[size] = await ask(stores[size]);
      times[size].push(performance.now() - startMs);
    }
  }
  return [[median(times[0]), median(times[1])], events];
}

function isTooLong([tenthMs, wholeMs]: Pair): boolean {
  return wholeMs >= 2 * tenthMs;
}

/** What is wrong with it, in words. */
function faultsOf(line: Line): string[] {
  const { shape: { name, bound }, medianMs, cost: [, large] } = line;
  // Entries of an index that are passed over are no rows.
  const mostPages = 4 * bound;
  return [
    large.read > bound && `${name} read ${large.read} rows, at most ${bound}`,
    large.sorted > bound && `${name} sorted ${large.sorted} rows, at most ${bound}`,
    large.pages > mostPages && `${name} looked at ${large.pages} pages, at most ${mostPages}`,
    medianMs[1] >= 2 * medianMs[0] &&
    `${name} took ${medianMs[0]} ms in a tenth, ${medianMs[1]} in the whole`,
  ].filter((fault) => fault !== false);
}

function tableOf(report: readonly Line[]): string {
  const lines = report.map(({ shape: { name, bound }, events, medianMs, cost: [, cost] }) => {
    const { read, sorted, pages } = cost;
    const times = medianMs.map((each) => each.toFixed(1));
    const ratio = (medianMs[1] / medianMs[0]).toFixed(1);
    return `| ${[name, ...events, read, bound, sorted, pages, ...times, ratio].join(" | ")} |`;
  });
  return [
    `| question, limit ${LIMIT} | events of ${
      total / TENTHS
    } | of ${total} | rows read | at most | rows sorted | pages | ms of ${
      total / TENTHS
    } | of ${total} | times |`,
    "|---|---|---|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

interface Place extends AsyncDisposable {
  /** A new one each time. */
  readonly database: () => Promise<Database>;
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  ...Object.fromEntries(
    postgresVersions.map((version) => [version.name, () => placeOn(version)]),
  ),
  async pglite() {
    const directory = await Deno.makeTempDir();
    let count = 0;
    return {
      database: () => openPglite(`${directory}/${count++}`, { sharedBuffersMb: 1_024 }),
      [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
    };
  },
};

/** What docs/operations.md advises. */
const ADVISED = [
  "shared_buffers=4GB",
  "max_wal_size=8GB",
  "checkpoint_timeout=15min",
  "wal_buffers=32MB",
];

async function placeOn(version: PostgresVersion): Promise<Place> {
  const server = await PostgresServer.start({ version, isDurable: true, settings: ADVISED });
  return {
    database: async () => openPostgres(await server.freshDatabase()),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
