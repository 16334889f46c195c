/**
 * A million events, compared by slices and without: in sync, one missing, ten thousand missing, and nothing
 * in common, with what each takes in time, bytes, memory and turns of the relay's thread. The relay runs in
 * the thread of the test, and the client in another one.
 *
 * `EVENTS` in the environment changes the size.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { createRelay } from "../../src/app/embedded/create_relay.ts";
import type { Cells, Database } from "../../src/store/database/database.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import { packagedPostgres } from "../kit/postgres_binaries.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { insertMadeUpEvents } from "../kit/reconciling_client.ts";
import type { ReconcilingResult, ReconcilingTask } from "../kit/reconciling_worker.ts";

const total = Number(Deno.env.get("EVENTS") ?? 1_000_000);
const PER_SECOND = 2;

/** How often the quick ones are measured; the median counts. */
const RUNS = 9;

interface Case {
  readonly name: string;
  readonly task: Pick<ReconcilingTask, "numbers" | "missing">;
  readonly need: number;
}

const cases: readonly Case[] = [
  { name: "in sync", task: { numbers: [0, total], missing: 0 }, need: 0 },
  { name: "one missing", task: { numbers: [0, total], missing: total - 7 }, need: 1 },
  {
    name: `${total / 100} missing`,
    task: { numbers: [0, total], missing: 100 },
    need: total / 100,
  },
  { name: "nothing in common", task: { numbers: [total, 2 * total], missing: 0 }, need: total },
];

Deno.test(`${total} events are compared by slices`, async () => {
  await using server = await PostgresServer.start({
    version: packagedPostgres,
    settings: ["shared_buffers=1GB", "max_wal_size=8GB"],
  });
  const url = await server.freshDatabase();
  const database = openPostgres(url);
  await openStoreOn(database);
  const STEP = 20_000;
  for (let from = 0; from < total; from += STEP) {
    await insertMadeUpEvents(database, [from, Math.min(total, from + STEP)], PER_SECOND);
  }
  await database.script("vacuum (analyze)");
  console.log(HEAD);
  let listedMs = 0;
  try {
    for (const slices of ["[]", "[{}]"]) {
      const relay = await createRelay({
        settings: {
          "database.url": url,
          "signatures.workers": 0,
          "sync.slices": slices,
          "limits.max_sync_events": 2_000_000,
          "limits.max_total_sync_events": 10_000_000,
        },
      });
      try {
        const relayUrl = await relay.listen("127.0.0.1:0");
        const builtMs = slices === "[]" ? undefined : await built(database);
        if (builtMs !== undefined) console.log(`built in ${Math.round(builtMs)} ms`);
        // The window is filled meanwhile, too, on a busy machine in several seconds.
        await pause(8_000);
        // What is listed is only shown beside: it is the same for each.
        for (const { name, task, need } of slices === "[]" ? cases.slice(0, 1) : cases) {
          const isQuick = slices !== "[]" && need < 2;
          const asked = { ...task, url: relayUrl, filter: {}, perSecond: PER_SECOND };
          const measured = await measure(asked, isQuick);
          equal(measured.need, need, name);
          if (slices === "[]") listedMs = measured.ms;
          console.log(lineOf(`${name}, ${slices === "[]" ? "listed" : "by slices"}`, measured));
          if (slices !== "[]" && name === "in sync") {
            ok(20 * measured.ms <= listedMs, `${measured.ms} ms, listed ${listedMs} ms`);
            ok(measured.longestMs <= 20, `${measured.longestMs} ms`);
            ok(measured.heldBytes <= 10_000_000, `${measured.heldBytes} bytes`);
          }
        }
      } finally {
        await relay.close();
      }
    }
  } finally {
    await database.close();
  }
});

interface Measured {
  readonly need: number;
  readonly messages: number;
  readonly bytes: number;
  readonly ms: number;
  readonly relayMs: number;
  readonly heldBytes: number;
  readonly longestMs: number;
}

const HEAD = `
| ${total} events | messages | bytes of text | ms | of these for the relay | relay's memory, MB | longest stretch, ms |
| --- | --- | --- | --- | --- | --- | --- |`;

function lineOf(name: string, { messages, bytes, ms, relayMs, heldBytes, longestMs }: Measured) {
  const held = (heldBytes / 1e6).toFixed(1);
  return `| ${
    [name, messages, bytes, ms.toFixed(0), relayMs.toFixed(0), held, longestMs.toFixed(0)].join(
      " | ",
    )
  } |`;
}

/** The run with the median time, the first one left out; of memory and stretches the largest of all. */
async function measure(task: ReconcilingTask, isQuick: boolean): Promise<Measured> {
  const worker = new Worker(new URL("../kit/reconciling_worker.ts", import.meta.url), {
    type: "module",
  });
  const next = () =>
    new Promise<ReconcilingResult>((resolve) => worker.onmessage = ({ data }) => resolve(data));
  try {
    worker.postMessage(task);
    await next();
    const all: Measured[] = [];
    for (let run = 0; run <= (isQuick ? RUNS : 1); run++) {
      await pause(300);
      const watch = new ThreadWatch();
      worker.postMessage("go");
      const result = await next();
      const { longestMs, heldBytes } = watch.stop();
      if ("fault" in result) throw new Error(result.fault);
      if ("ready" in result) throw new Error("ready twice");
      if (run > 0) all.push({ ...result, longestMs, heldBytes });
    }
    const median = all.toSorted((a, b) => a.ms - b.ms)[all.length >> 1]!;
    const stretches = all.map(({ longestMs }) => longestMs).sort((a, b) => a - b);
    return {
      ...median,
      longestMs: stretches[stretches.length >> 1]!,
      heldBytes: Math.max(...all.map(({ heldBytes }) => heldBytes)),
    };
  } finally {
    worker.terminate();
  }
}

/** Watches this thread: how long nothing else gets its turn, and what its heap grows by. */
class ThreadWatch {
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #startBytes = heapBytes();
  #mostBytes = 0;
  #longestMs = 0;
  #lastMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
      this.#lastMs = nowMs;
      this.#mostBytes = Math.max(this.#mostBytes, heapBytes());
    }, 1);
  }

  stop(): Pick<Measured, "longestMs" | "heldBytes"> {
    clearInterval(this.#timer);
    return {
      longestMs: this.#longestMs,
      heldBytes: Math.max(0, this.#mostBytes - this.#startBytes),
    };
  }
}

function heapBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** How long it took until all slices were there. */
async function built(database: Database): Promise<number> {
  const startMs = performance.now();
  const countBuilt = {
    text: "select count(*) from slice_sets where built_to is null",
    parameters: [],
    read: (cells: Cells) => cells.integer(0),
  };
  while ((await database.query(countBuilt))[0] === 0) await pause(20);
  return performance.now() - startMs;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
