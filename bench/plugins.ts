/**
 * What a plugin costs that takes two milliseconds for each event: the rate of publishing through it, and
 * how long other clients wait for answers while events pass through it at a fixed rate, beside a relay
 * without plugins that is published to at the same rate. Both are in memory.
 *
 * ```sh
 * deno run -A bench/plugins.ts [--events 20000] [--per-second 1000] [--rounds 3]
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { NostrEvent } from "../src/nostr/event.ts";
import { type RunningRelay, startRelay } from "../tests/kit/running_relay.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { SchnorrSigner } from "../tests/kit/signer.ts";
import { median } from "./load/comparison.ts";
import { Latencies } from "./load/latencies.ts";
import { textFrame } from "./load/frames.ts";
import { publishLoad } from "./load/publish.ts";
import { unlimited } from "./load/unlimited.ts";
import { RawClient } from "./load/raw_client.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "20000" },
    "per-second": { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
  },
});
const [eventCount, perSecond, rounds] = [values.events, values["per-second"], values.rounds]
  .map(Number) as [number, number, number];

const random = new SeededRandom(1);
const signers = Array.from({ length: 100 }, () => new SchnorrSigner(random));
const nowS = Math.floor(Date.now() / 1_000);
let written = 0;

function notes(count: number): readonly NostrEvent[] {
  return Array.from({ length: count }, () =>
    random.pick(signers).sign({
      kind: 1,
      created_at: nowS - random.int(86_400),
      tags: [],
      content: `note ${written++} of the many that people write on an ordinary day`,
    }));
}

/** Connections that publish. */
const CONNECTIONS = 8;

const plugin = new URL("../tests/app/plugins/example_plugin.ts", import.meta.url).pathname;

/** Publishes at the fixed rate, and asks all the while; the p99 of the answers, milliseconds. */
async function p99BesidePublishing(url: string): Promise<number> {
  const frames = notes(perSecond * 5).map((event) => textFrame(JSON.stringify(["EVENT", event])));
  const publishers = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => RawClient.connect(url)),
  );
  let answered = 0;
  for (const publisher of publishers) void publisher.read(() => void answered++);
  const asking = await RawClient.connect(url);
  const { latencies, stop } = askSteadily(asking);
  const startMs = performance.now();
  for (let sent = 0; sent < frames.length;) {
    const due = Math.min((performance.now() - startMs) / 1_000 * perSecond, frames.length);
    while (sent < Math.floor(due)) {
      void publishers[sent % CONNECTIONS]!.send(frames[sent++]!);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  stop();
  for (const client of [...publishers, asking]) client.close();
  if (answered < 0.9 * frames.length) {
    throw new Error(`the machine is too slow for ${perSecond} events/s: ${answered} were answered`);
  }
  return latencies.quantileMs(0.99);
}

/** Sends a REQ every five milliseconds, whatever is answered; a latency counts from the sending. */
function askSteadily(client: RawClient): { latencies: Latencies; stop: () => void } {
  const latencies = new Latencies();
  const sentMs = new Map<string, number>();
  const eose = new TextEncoder().encode('["EOSE')[3];
  void client.read((payload) => {
    if (payload[3] !== eose) return;
    const [, id] = JSON.parse(new TextDecoder().decode(payload));
    latencies.record(performance.now() - sentMs.get(id)!);
    void client.send(textFrame(JSON.stringify(["CLOSE", id])));
  });
  const filter = { authors: [signers[0]!.pubkey], kinds: [1], limit: 10 };
  let asked = 0;
  const timer = setInterval(() => {
    // Each has its own id: one that replaces another before its end would leave that without EOSE.
    const id = `steady ${asked++}`;
    sentMs.set(id, performance.now());
    void client.send(textFrame(JSON.stringify(["REQ", id, filter])));
  }, 5);
  return { latencies, stop: () => clearInterval(timer) };
}

async function measure(relay: RunningRelay) {
  const { perSecond } = await publishLoad(relay.url, notes(eventCount), {
    connections: CONNECTIONS,
    inFlight: 16,
  });
  return { perSecond, p99Ms: await p99BesidePublishing(relay.url) };
}

await using plain = await startRelay({ database: "memory:", settings: unlimited });
await using asked = await startRelay({
  database: "memory:",
  settings: [
    ...unlimited,
    `plugins.commands=${Deno.execPath()} run --quiet --no-config ${plugin} slow`,
  ],
});
const p99s: Record<"plain" | "plugin", number[]> = { plain: [], plugin: [] };
for (let round = 0; round < rounds; round++) {
  for (const [name, relay] of [["plain", plain], ["plugin", asked]] as const) {
    const { perSecond, p99Ms } = await measure(relay);
    p99s[name].push(p99Ms);
    console.log(`${name}: ${Math.round(perSecond)} events/s, p99 of a REQ ${p99Ms.toFixed(1)} ms`);
  }
}
console.log(`p99 with ÷ without: ${(median(p99s.plugin) / median(p99s.plain)).toFixed(2)}`);
await plain.stop();
await asked.stop();
Deno.exit(0);
