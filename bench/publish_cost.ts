/**
 * Measures where the time of a publish goes: the relay's thread, signatures, and the private server's
 * own processor time, statement by statement.
 *
 * ```sh
 * deno run -A bench/publish_cost.ts [--events 20000] [--rounds 3] [--batches 2]
 * deno run -A bench/publish_cost.ts --against ../other-checkout --rounds 7
 * deno run -A bench/publish_cost.ts --against . --conf 'wal_compression = lz4' --rounds 7
 * ```
 *
 * Each round writes the same events into an empty database, 2,048 of them in flight. With `--against`,
 * the code of another checkout writes them as well, in turns within a round, each on a server of its
 * own. `--conf` is a setting of the server and `--batches` how many are written at a time; both are of
 * this checkout only.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { utf8 } from "../src/base/bytes.ts";
import { silentLog } from "../src/base/log.ts";
import type { NostrEvent } from "../src/nostr/event.ts";
import { eventId } from "../src/nostr/event_id.ts";
import { eventJson } from "../src/nostr/event_json.ts";
import { parseJson } from "../src/nostr/json.ts";
import { parseEvent } from "../src/nostr/parse_event.ts";
import { signatureHolds } from "../src/nostr/signature.ts";
import { chooseEngine } from "../src/signatures/signature_engine.ts";
import { sha256OfText } from "../src/app/system/sha256.ts";
import { systemClock } from "../src/app/system/system_clock.ts";
import type { Database, Session, Statement } from "../src/store/database/database.ts";
import type { EventRecord } from "../src/store/event_store.ts";
import { CLEAR_TABLES } from "../tests/kit/postgres_server.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { median } from "./load/comparison.ts";
import { mixedEvents } from "./load/corpus.ts";
import { processorSeconds } from "./load/relay_process.ts";

/** How many events of a round are written one at a time, after all others. */
const ALONE = 300;

/** As many as 64 connections with 32 events in flight each. */
const IN_FLIGHT = 2_048;

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "20000" },
    rounds: { type: "string", default: "3" },
    batches: { type: "string" },
    against: { type: "string" },
    conf: { type: "string", multiple: true, default: [] },
  },
});

/** What one round took. */
interface Round {
  readonly seconds: number;
  /** What one event takes that is written alone, in the median, milliseconds. */
  readonly aloneMs: number;
  /** Processor time of this process, and of all processes of the server. */
  readonly ownSeconds: number;
  readonly serverSeconds: number;
  /** Of the server's, what is not spent by those who answer statements. */
  readonly helperSeconds: number;
  readonly batches: number;
  /** How often a transaction waited for the server. */
  readonly waits: number;
  readonly parameterBytes: number;
  readonly walBytes: number;
}

/** What the server says about one statement. */
interface StatementCost {
  readonly text: string;
  readonly calls: number;
  readonly ms: number;
}

/** One checkout, with a server of its own. */
interface Side {
  readonly name: string;
  round(records: readonly EventRecord[]): Promise<Round>;
  /** Of all rounds since the start, the dearest first. */
  statements(): Promise<readonly StatementCost[]>;
  close(): Promise<void>;
}

/** Counts what transactions do. */
class Tally {
  batches = 0;
  waits = 0;
  bytes = 0;

  /** The same database, with its transactions counted. */
  over<Base extends Database>(database: Base): Base {
    return new Proxy(database, {
      get: (target, name) => {
        if (name === "transaction") return this.#transaction(target);
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  #transaction(database: Database): Database["transaction"] {
    return (work, options) =>
      database.transaction((session) => {
        this.batches++;
        // For BEGIN and COMMIT.
        this.waits += 2;
        return work(this.#counted(session));
      }, options);
  }

  #counted(session: Session): Session {
    let running = 0;
    return new Proxy(session, {
      get: (target, name) => {
        if (name !== "query") return Reflect.get(target, name, target)?.bind(target);
        return async <Row>(statement: Statement<Row>) => {
          if (running++ === 0) this.waits++;
          for (const one of statement.parameters) {
            this.bytes += one instanceof Uint8Array ? one.length : String(one).length;
          }
          return await target.query(statement).finally(() => running--);
        };
      },
    });
  }
}

/** Starts a private server and opens the store of the checkout at `root` on it. */
async function open(name: "this" | "against", root: string): Promise<Side> {
  const { ManagedPostgres }: typeof import("../src/postgres_server/managed_postgres.ts") =
    await import(`${root}/src/postgres_server/managed_postgres.ts`);
  const { openPostgres }: typeof import("../src/store/database/postgres.ts") = await import(
    `${root}/src/store/database/postgres.ts`
  );
  const { openStoreOn }: typeof import("../tests/kit/database.ts") = await import(
    `${root}/tests/kit/database.ts`
  );
  const { SqlStore }: typeof import("../src/store/sql_store.ts") = await import(
    `${root}/src/store/sql_store.ts`
  );
  const writing: typeof import("../src/store/write/batch_writer.ts") = await import(
    `${root}/src/store/write/batch_writer.ts`
  );
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-bench-" });
  await Deno.chmod(directory, 0o755);
  const path = `${directory}/postgres`;
  const start = () =>
    ManagedPostgres.start(path, { connections: 20, clock: systemClock, log: silentLog });
  await (await start()).stop();
  const more = [
    "shared_preload_libraries = 'pg_stat_statements'",
    ...name === "this" ? values.conf : [],
  ];
  await Deno.writeTextFile(`${path}/data/postgresql.conf`, `\n${more.join("\n")}\n`, {
    append: true,
  });
  const server = await start();
  const postmaster = Number(Deno.readTextFileSync(`${path}/data/postmaster.pid`).split("\n")[0]);
  const tally = new Tally();
  const database = tally.over(openPostgres(server.url, { clock: systemClock }));
  await database.script("create extension pg_stat_statements");
  await openStoreOn(database);
  const store = new SqlStore(database, sha256OfText, { clock: systemClock, searchableKinds });
  await store.feed.start({ clock: systemClock, log: silentLog });
  const limits = {
    ...writing.defaultBatchLimits,
    ...name === "this" && values.batches !== undefined && { maxInFlight: Number(values.batches) },
  };
  return {
    name,
    round: async (records) => {
      await database.script(`${CLEAR_TABLES}; checkpoint`);
      const writer = new writing.BatchWriter(store, limits);
      const before = await state(database, { tally, postmaster });
      const startMs = performance.now();
      await inFlight(records.slice(ALONE), (record) => writer.write(record));
      const seconds = (performance.now() - startMs) / 1_000;
      const after = await state(database, { tally, postmaster });
      const aloneMs = await oneByOne(records.slice(0, ALONE), (record) => writer.write(record));
      await writer.close();
      const entries = Object.entries(after).map(([key, value]) =>
        [key, value - before[key as keyof typeof before]] as const
      );
      return { seconds, aloneMs, ...Object.fromEntries(entries) as typeof after };
    },
    statements: () => database.query(selectStatements),
    close: async () => {
      await store.close();
      await server.stop();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

const searchableKinds: ReadonlySet<number> = new Set([0, 1, 30_023]);

/** Gives all records to `write`, {@link IN_FLIGHT} at a time. */
async function inFlight(
  records: readonly EventRecord[],
  write: (record: EventRecord) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const one = async () => {
    while (next < records.length) await write(records[next++]!);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

async function oneByOne(
  records: readonly EventRecord[],
  write: (record: EventRecord) => Promise<unknown>,
): Promise<number> {
  const all: number[] = [];
  for (const record of records) {
    const startMs = performance.now();
    await write(record);
    all.push(performance.now() - startMs);
  }
  return median(all);
}

async function state(
  database: Database,
  { tally, postmaster }: { readonly tally: Tally; readonly postmaster: number },
): Promise<Omit<Round, "seconds" | "aloneMs">> {
  const [walBytes] = await database.query(selectWal);
  return {
    ownSeconds: processorSeconds(Deno.pid)!,
    serverSeconds: secondsOf(processesOf(postmaster)),
    helperSeconds: secondsOf(processesOf(postmaster).filter((pid) => !isBackend(pid))),
    batches: tally.batches,
    waits: tally.waits,
    parameterBytes: tally.bytes,
    walBytes: walBytes!,
  };
}

/** The postmaster and its children. */
function processesOf(postmaster: number): readonly number[] {
  const children = Deno.readTextFileSync(`/proc/${postmaster}/task/${postmaster}/children`);
  return [postmaster, ...children.trim().split(" ").filter((pid) => pid !== "").map(Number)];
}

function secondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (processorSeconds(pid) ?? 0), 0);
}

/** The title of a backend names the user. */
function isBackend(pid: number): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).startsWith("postgres: gallimimus ");
  } catch {
    return false;
  }
}

const selectWal: Statement<number> = {
  text: "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8",
  parameters: [],
  read: (cells) => cells.integer(0),
};

const selectStatements: Statement<StatementCost> = {
  text: `select regexp_replace(left(query, 60), '\\s+', ' ', 'g'), calls,
  (1000 * (total_exec_time + total_plan_time))::int8 from pg_stat_statements
where dbid = (select oid from pg_database where datname = current_database())
  and query ~* '(^insert into|deleted|advisory|vanished|^delete from tags|notify|^begin|^commit)'
order by 3 desc limit 14`,
  parameters: [],
  read: (cells) => ({
    text: cells.text(0),
    calls: cells.integer(1),
    ms: cells.integer(2) / 1_000,
  }),
};

/** What the relay's thread does before the store is asked, microseconds an event. */
async function measureThread(texts: readonly string[]): Promise<void> {
  const engine = await chooseEngine({ engine: "auto" }, silentLog);
  const events = texts.flatMap(eventOf);
  const each = <One>(name: string, all: readonly One[], work: (one: One) => void) => {
    all.slice(0, 1_000).forEach(work);
    const startMs = performance.now();
    all.forEach(work);
    const us = (performance.now() - startMs) * 1_000 / all.length;
    console.log(`${name.padEnd(32)} ${us.toFixed(1).padStart(6)} µs`);
  };
  each("parse", texts, (text) => parseEvent(parseJson(text)));
  each("id", events, (event) => eventId(event));
  each(`signature (${engine.name})`, events, (event) => signatureHolds(event, engine));
  each("JSON for the store", events, (event) => utf8(eventJson(event)));
}

/** Empty for an event with a number that the relay refuses. */
function eventOf(text: string): readonly NostrEvent[] {
  const event = parseEvent(parseJson(text));
  return "reason" in event ? [] : [event];
}

/** One line for each figure, one column for each side. */
function print(rounds: ReadonlyMap<Side, readonly Round[]>, events: number): void {
  const row = (name: string, read: (round: Round) => number, digits = 1) => {
    const cells = [...rounds.values()].map((all) =>
      median(all.map(read)).toFixed(digits).padStart(12)
    );
    console.log(`${name.padEnd(32)} ${cells.join("")}`);
  };
  console.log(`\n${"".padEnd(32)} ${[...rounds.keys()].map((s) => s.name.padStart(12)).join("")}`);
  row("events/s", ({ seconds }) => events / seconds, 0);
  row("time, µs an event", ({ seconds }) => seconds * 1e6 / events);
  row("this process, µs an event", ({ ownSeconds }) => ownSeconds * 1e6 / events);
  row("server, µs an event", ({ serverSeconds }) => serverSeconds * 1e6 / events);
  row("  of it, not backends", ({ helperSeconds }) => helperSeconds * 1e6 / events);
  row("an event alone, ms", ({ aloneMs }) => aloneMs, 2);
  row("events a batch", ({ batches }) => events / batches);
  row("waits a batch", ({ batches, waits }) => waits / batches);
  row("parameters, bytes an event", ({ parameterBytes }) => parameterBytes / events, 0);
  row("WAL, bytes an event", ({ walBytes }) => walBytes / events, 0);
}

const count = Number(values.events);
const texts = mixedEvents(new SeededRandom(1), count).map((event) => eventJson(event));
const records = texts.flatMap((text): readonly EventRecord[] =>
  eventOf(text).map((event) => ({ event, json: utf8(text) }))
);
console.log(`${count} events of ${Math.round(texts.join("").length / count)} characters\n`);
await measureThread(texts);
const sides = [await open("this", new URL("..", import.meta.url).href)];
if (values.against !== undefined) {
  sides.unshift(await open("against", new URL(`file://${Deno.realPathSync(values.against)}`).href));
}
const rounds = new Map<Side, Round[]>(sides.map((side) => [side, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  // Turns begin with each side in turn.
  for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
    rounds.get(side)!.push(await side.round(records));
  }
}
print(rounds, records.length - ALONE);
for (const side of sides) {
  console.log(`\n${side.name}: the server's time by statement, µs an event, calls a round`);
  const all = count * Number(values.rounds);
  for (const { text, calls, ms } of await side.statements()) {
    const us = (ms * 1_000 / all).toFixed(1).padStart(6);
    console.log(`${us} ${(calls / Number(values.rounds)).toFixed(0).padStart(6)}  ${text}`);
  }
  await side.close();
}
