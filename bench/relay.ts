/**
 * Measures publishing, queries and fan-out per second over real sockets, on each database.
 *
 * The relay runs in its own process; the load comes from this one and shares the machine with it.
 * OK and EOSE are awaited. Two baseline figures of the machine are measured first, to put the
 * others in relation.
 *
 * ```sh
 * deno task bench [--events 20000] [--queries 4000] [--database memory:,pglite:,postgres:]
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { eventId } from "../src/nostr/event_id.ts";
import type { NostrEvent } from "../src/nostr/event.ts";
import { signatureHolds } from "../src/nostr/signature.ts";
import { chooseEngine } from "../src/signatures/signature_engine.ts";
import { kindClass } from "../src/nostr/kind.ts";
import { silentLog } from "../src/base/log.ts";
import { freshDatabases } from "../tests/e2e/databases.ts";
import { generateEvents } from "../tests/kit/event_generator.ts";
import { startRelay } from "../tests/kit/running_relay.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { fanOutLoad } from "./load/fan_out.ts";
import { type LoadStats, table } from "./load/stats.ts";
import { publishLoad } from "./load/publish.ts";
import { queryLoad } from "./load/query.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "20000" },
    queries: { type: "string", default: "4000" },
    database: { type: "string", default: Object.keys(freshDatabases).join(",") },
  },
});
const eventCount = Number(values.events);
const queryCount = Number(values.queries);

const random = new SeededRandom(1);
console.error(`signing ${eventCount} events`);
const events = distinct(generateEvents(random, eventCount, { signed: true }));
const fanOutEvents = distinct(
  generateEvents(random, 3_000, { signed: true }).filter(({ kind }) => kind === 1),
);

console.log(`## The machine\n\n${await machine()}\n`);
for (const name of values.database.split(",")) {
  console.error(`measuring ${name}`);
  console.log(`## ${name}\n\n${table(await measure(name))}\n`);
}

async function measure(name: string): Promise<readonly LoadStats[]> {
  await using database = await freshDatabases[name]!();
  await using relay = await startRelay({ database: database.url });
  const stats = [
    await publishLoad(relay.url, events, { connections: 64, inFlight: 32 }),
    await queryLoad(relay.url, events, { connections: 8, queries: queryCount, random }),
    await fanOutLoad(relay.url, fanOutEvents.slice(0, 300), { listeners: 500, inFlight: 16 }),
    await fanOutLoad(relay.url, fanOutEvents.slice(300, 600), {
      ...{ listeners: 500, inFlight: 16 },
      isDeflated: true,
    }),
    await fanOutLoad(relay.url, fanOutEvents.slice(600, 800), { listeners: 1, inFlight: 1 }),
  ];
  await relay.stop();
  return stats;
}

/** Two upper bounds for the relay on one core of this machine. */
async function machine(): Promise<string> {
  const engine = await chooseEngine({ engine: "auto" }, silentLog);
  const sample = events.slice(0, 1_000);
  const checks = perSecond(sample.length, () => {
    for (const event of sample) signatureHolds(event, engine);
  });
  const hashes = perSecond(sample.length, () => {
    for (const event of sample) eventId(event);
  });
  return `${navigator.hardwareConcurrency} cores; on one of them ${checks} signature checks/s ` +
    `(${engine.name}), ${hashes} ids/s.`;
}

function perSecond(count: number, work: () => void): string {
  work();
  const startMs = performance.now();
  work();
  return Math.round(count / ((performance.now() - startMs) / 1_000)).toLocaleString("en");
}

/** Only events that a store keeps, each once: older versions would be answered as superseded. */
function distinct(all: readonly NostrEvent[]): readonly NostrEvent[] {
  const addresses = new Set<string>();
  const ids = new Set<string>();
  return all.filter((event) => {
    const kind = kindClass(event.kind);
    const d = event.tags.find(([name]) => name === "d")?.[1] ?? "";
    const address = `${event.kind}:${event.pubkey}:${kind === "addressable" ? d : ""}`;
    if (ids.has(event.id) || (kind !== "regular" && addresses.has(address))) return false;
    ids.add(event.id);
    addresses.add(address);
    return true;
  });
}
