/**
 * What the built-in policies cost a publisher: two relays in memory hold the same events and have the same
 * live subscriptions, one with default settings, one with every policy on and none that refuses. Both are
 * published to in turn.
 *
 * ```sh
 * deno run -A bench/policies.ts [--stored 100000] [--subscriptions 1000] [--events 20000] [--rounds 3]
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { NostrEvent } from "../src/nostr/event.ts";
import { startRelay } from "../tests/kit/running_relay.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";
import { SchnorrSigner } from "../tests/kit/signer.ts";
import { median } from "./load/comparison.ts";
import { textFrame } from "./load/frames.ts";
import { publishLoad } from "./load/publish.ts";
import { unlimited } from "./load/unlimited.ts";
import { RawClient } from "./load/raw_client.ts";

const { values } = parseArgs({
  options: {
    stored: { type: "string", default: "100000" },
    subscriptions: { type: "string", default: "1000" },
    events: { type: "string", default: "20000" },
    rounds: { type: "string", default: "3" },
  },
});
const [stored, subscriptions, eventCount, rounds] = [
  values.stored,
  values.subscriptions,
  values.events,
  values.rounds,
].map(Number) as [number, number, number, number];

/** Subscriptions of one connection. */
const PER_CONNECTION = 10;

const random = new SeededRandom(1);
const signers = Array.from({ length: 500 }, () => new SchnorrSigner(random));
const nowS = Math.floor(Date.now() / 1_000);
let written = 0;

function notes(count: number): readonly NostrEvent[] {
  return Array.from({ length: count }, () => {
    const signer = signers[random.skewed(signers.length)]!;
    const tags = [["p", signers[random.int(signers.length)]!.pubkey], ["t", `t${random.int(50)}`]];
    const content = `note ${written++} of the many that people write on an ordinary day`;
    return signer.sign({ kind: 1, created_at: nowS - random.int(86_400), tags, content });
  });
}

const strangers = Array.from({ length: 1_000 }, () => random.bytes(32).toHex());

/** Every built-in policy has something to look for and finds nothing. */
const settings = [
  `access.banned_keys=${strangers.join(",")}`,
  "access.allowed_kinds=0-9999,10002,30000-39999",
  "access.banned_kinds=40,41,9000-9030",
  `access.banned_texts=${Array.from({ length: 50 }, (_, at) => `offer number ${at}`).join(",")}`,
  "access.broad_filters=false",
  "access.kind_pow_difficulty=7=8,1059=16",
  `access.trust_roots=${signers.map(({ pubkey }) => pubkey).join(",")}`,
  "access.strangers=refuse",
  "limits.created_at_lower_limit_s=315360000",
  `access.banned_patterns=${Array.from({ length: 20 }, (_, at) => `prize ?${at} at`).join(",")}`,
  "limits.kind_event_rates=1984=10,0-20000=900000",
  ...unlimited,
];

async function subscribe(url: string): Promise<readonly RawClient[]> {
  const clients: RawClient[] = [];
  for (let at = 0; at < subscriptions; at += PER_CONNECTION) {
    const client = await RawClient.connect(url);
    const requests = Array.from({ length: PER_CONNECTION }, (_, place) => {
      const authors = Array.from({ length: 2 }, () => signers[random.int(signers.length)]!.pubkey);
      return textFrame(JSON.stringify(["REQ", `s${place}`, { kinds: [1], authors, limit: 1 }]));
    });
    void client.send(...requests);
    void client.read(() => {});
    clients.push(client);
  }
  return clients;
}

// A few keys write most of the events.
await using plain = await startRelay({ database: "memory:", settings: unlimited });
await using strict = await startRelay({ database: "memory:", settings });
const relays = { default: plain, policies: strict };
console.error(`signing and storing ${stored} events on each`);
const before = notes(stored);
for (const { url } of Object.values(relays)) {
  await publishLoad(url, before, { connections: 64, inFlight: 32 });
}
const clients = [await subscribe(plain.url), await subscribe(strict.url)].flat();
const rates: Record<keyof typeof relays, number[]> = { default: [], policies: [] };
for (let round = 0; round < rounds; round++) {
  const events = notes(eventCount);
  for (const name of ["default", "policies"] as const) {
    const { perSecond } = await publishLoad(relays[name].url, events, {
      connections: 64,
      inFlight: 32,
    });
    rates[name].push(perSecond);
  }
}
for (const [name, list] of Object.entries(rates)) {
  console.log(`${name}: ${list.map((rate) => Math.round(rate)).join(", ")} events/s`);
}
console.log(`policies ÷ default: ${(median(rates.policies) / median(rates.default)).toFixed(2)}`);
for (const client of clients) client.close();
await plain.stop();
await strict.stop();
Deno.exit(0);
