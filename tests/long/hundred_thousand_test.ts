/**
 * A hundred thousand signed events, in through `import` and through the socket, and a thousand random
 * questions: every store answers what the memory oracle answers.
 *
 * `EVENTS`, `FILTERS` and `SEED` in the environment change the sizes and repeat a failure, `DATABASES`
 * says which of the databases are tried.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { kindClass } from "../../src/nostr/kind.ts";
import { parseFilter } from "../../src/nostr/parse_filter.ts";
import { storedFilters } from "../../src/relay/live/stored_filters.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { onEachDatabase } from "../e2e/databases.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { generateFilter } from "../kit/filter_generator.ts";
import { Program } from "../kit/program.ts";
import { recordOf } from "../kit/records.ts";
import { RelayClient, wireFilter } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const count = Number(Deno.env.get("EVENTS") ?? 100_000);
const questions = Number(Deno.env.get("FILTERS") ?? 1_000);
const seed = drawSeed();
const limits = { maxLimit: 1_000, defaultLimit: 500 };

console.log(`seed ${seed}`);
const random = new SeededRandom(seed);
const events = generateEvents(random, count, { signed: true, ephemeral: true });
const filters = Array.from({ length: questions }, () => askableFilter());
const answers = await oracleAnswers();

onEachDatabase((name, fresh) => {
  Deno.test(`${count} events through the socket into ${name}, seed ${seed}`, async () => {
    await using database = await fresh();
    await using relay = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(relay.url);
    const shuffled = random.shuffled(events);
    const published = await client.publishAll(shuffled, 200);
    for (const [place, answer] of published.entries()) {
      ok(answer?.accepted || answer?.reason.startsWith("duplicate: "), shuffled[place]!.id);
    }
    await compare(client);
    equal(await relay.stop(), 0);
  });

  // What memory imports it forgets.
  if (name === "memory:") return;
  Deno.test(`${count} events through import into ${name}, seed ${seed}`, async () => {
    await using database = await fresh();
    await importAll(database.url);
    await using relay = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(relay.url);
    await compare(client);
    equal(await relay.stop(), 0);
  });
});

/** Random filters include what a client may not ask, such as `#e` with a word. */
function askableFilter(): ReqFilter {
  for (;;) {
    const filter = generateFilter(random, events);
    if (!("prefix" in parseFilter(wireFilter(filter), { maxFilterValues: 5_000 }))) return filter;
  }
}

async function importAll(database: string): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".jsonl" });
  try {
    await Deno.writeTextFile(file, events.map((event) => `${eventJson(event)}\n`).join(""));
    await using program = new Program("mod.ts", ["import", file, "--database", database]);
    const { code, stdout, stderr } = await program.end();
    equal(code, 0, stderr);
    console.log(stdout.trim());
  } finally {
    await Deno.remove(file);
  }
}

async function compare(client: RelayClient): Promise<void> {
  for (const [place, filter] of filters.entries()) {
    const ids = await client.query([filter]);
    deepEqual(ids, answers[place], `seed ${seed}, filter ${place}`);
  }
}

async function oracleAnswers(): Promise<readonly (readonly string[])[]> {
  const oracle = new MemoryStore();
  await oracle.put(events.filter(isKept).map(recordOf));
  const all: (readonly string[])[] = [];
  for (const filter of filters) all.push(await ask(oracle, filter));
  return all;
}

function isKept(event: NostrEvent): boolean {
  return kindClass(event.kind) !== "ephemeral";
}

async function ask(oracle: MemoryStore, filter: ReqFilter): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const rows of oracle.query(storedFilters([filter], limits))) {
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}
