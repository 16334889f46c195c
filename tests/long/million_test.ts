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
import { sha256, sha256OfText } from "../../src/app/sha256.ts";
import { utf8 } from "../../src/base/bytes.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import type { Database } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrations.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { Crowd } from "../kit/crowd.ts";
import { type Cost, explained } from "../kit/explained.ts";
import { type PostgresVersion, postgresVersions } from "../kit/postgres_binaries.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { LIMIT, SEARCHABLE_KINDS, type Shape, shapesOf } from "../kit/query_shapes.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const total = Number(Deno.env.get("EVENTS") ?? 1_000_000);
const databases = (Deno.env.get("DATABASES") ?? "postgres,pglite").split(",");
const RUNS = 15;
/** Times that differ by less than this cannot be told apart here. */
const NOISE_MS = 1;

const START = 1_600_000_000;
const EVENTS_PER_SECOND = 0.01;

for (const name of databases) {
  Deno.test(`${total} events in ${name}`, async () => {
    await using place = await places[name]!();
    await migrate(place.database, await readMigrations(), sha256);
    const writer = new SqlStore(place.database, sha256OfText);
    const store = new SqlStore(place.database, sha256OfText, { searchableKinds: SEARCHABLE_KINDS });
    const crowd = new Crowd(new SeededRandom(1), {
      authors: 50_000,
      startTime: START,
      eventsPerSecond: EVENTS_PER_SECOND,
    });
    const middle = START + Math.floor(total / 20 / EVENTS_PER_SECOND);
    const events: NostrEvent[] = [];

    const first = await load(writer, crowd, { count: total / 10, keep: events });
    await settle(store, place.database);
    const shapes = shapesOf({ crowd, events, middle });
    const tenth = await measure(store, shapes);
    const costsAtTenth = await costsOf(shapes, place.database);
    const rest = await load(writer, crowd, { count: total - total / 10, keep: [] });
    await settle(store, place.database);
    const whole = await measure(store, shapes);

    const rates = [...first, ...rest];
    console.log(
      `${name}: ${Math.round(average(rates))} events/s, by tenths ${
        rates.map(Math.round).join(" ")
      }`,
    );
    const costs = await costsOf(shapes, place.database);
    console.log(tableOf(shapes, { tenth, whole, costs }));
    for (const { name, bound } of shapes) {
      const { read, sorted, pages } = costs.get(name)!;
      ok(read <= bound, `${name} read ${read} rows, at most ${bound}`);
      ok(sorted <= bound, `${name} sorted ${sorted} rows, at most ${bound}`);
      // Entries of an index that are passed over are no rows.
      ok(pages <= 4 * bound, `${name} looked at ${pages} pages, at most ${4 * bound}`);
    }
    for (const { name } of shapes) {
      const [small, large] = [tenth.get(name)!, whole.get(name)!];
      const growth = moreToLookAt(name, costsAtTenth.get(name)!, costs.get(name)!);
      ok(
        large < 2 * growth * small + NOISE_MS,
        `${name}: ${small} ms at a tenth, ${large} ms at the whole, with ${growth} times as much to look at`,
      );
    }
    ok(rates.at(-1)! >= 0.7 * rates[0]!, `${rates[0]} events/s at first, ${rates.at(-1)} at last`);
    await store.close();
  });
}

/**
 * A count, and a search that ranks what it finds, have more to look at where there is more, up to their
 * bounds. A query has not: its answer is as long in a small database.
 */
function moreToLookAt(name: string, small: Cost, large: Cost): number {
  if (!/^(search|count)/.test(name)) return 1;
  return Math.max(1, large.read / small.read, large.pages / small.pages);
}

async function costsOf(
  shapes: readonly Shape[],
  database: Database,
): Promise<ReadonlyMap<string, Cost>> {
  const costs = new Map<string, Cost>();
  for (const { name, ask } of shapes) costs.set(name, await explained(database, ask));
  return costs;
}

interface Place extends AsyncDisposable {
  readonly database: Database;
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  ...Object.fromEntries(
    postgresVersions.map((version) => [version.name, () => placeOn(version)]),
  ),
  async pglite() {
    const directory = await Deno.makeTempDir();
    const database = await openPglite(`${directory}/pglite`, { sharedBuffersMb: 1_024 });
    const remove = () => Deno.remove(directory, { recursive: true });
    return { database, [Symbol.asyncDispose]: remove };
  },
};

/** What docs/operations.md advises, for an import too. */
const ADVISED = [
  "shared_buffers=4GB",
  "max_wal_size=8GB",
  "checkpoint_timeout=15min",
  "wal_buffers=32MB",
];

async function placeOn(version: PostgresVersion): Promise<Place> {
  const server = await PostgresServer.start({ version, isDurable: true, settings: ADVISED });
  const database = openPostgres(await server.freshDatabase());
  return { database, [Symbol.asyncDispose]: () => server.stop() };
}

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

/**
 * Makes everything searchable, which is not what the import is measured by, and does what autovacuum
 * would do within a minute or two.
 */
async function settle(store: SqlStore, database: Database): Promise<void> {
  for await (const _ of store.reindex());
  await database.script("vacuum (analyze)");
}

/** Median milliseconds of each shape. */
async function measure(
  store: SqlStore,
  shapes: readonly Shape[],
): Promise<ReadonlyMap<string, number>> {
  const medians = new Map<string, number>();
  for (const { name, ask } of shapes) {
    const times: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const startMs = performance.now();
      await ask(store);
      times.push(performance.now() - startMs);
    }
    medians.set(name, times.sort((a, b) => a - b)[RUNS >> 1]!);
  }
  return medians;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Measured {
  readonly tenth: ReadonlyMap<string, number>;
  readonly whole: ReadonlyMap<string, number>;
  readonly costs: ReadonlyMap<string, Cost>;
}

function tableOf(shapes: readonly Shape[], { tenth, whole, costs }: Measured): string {
  const lines = shapes.map(({ name, bound }) => {
    const { read, sorted, pages } = costs.get(name)!;
    const times = `${tenth.get(name)!.toFixed(1)} | ${whole.get(name)!.toFixed(1)}`;
    return `| ${name} | ${read} | ${bound} | ${sorted} | ${pages} | ${times} |`;
  });
  return [
    `| question, limit ${LIMIT} | rows read | at most | rows sorted | pages | ms at ${
      total / 10
    } | ms at ${total} |`,
    "|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
