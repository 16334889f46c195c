/**
 * Floods of events through a proxy: by one address, by a thousand addresses of one /64, and by one key over
 * a thousand connections. An honest publisher goes on.
 *
 * The flooding program takes a core by itself, so the honest publisher is also measured while the same flood
 * goes to another relay of the same machine: what is worse than that is the relay's.
 *
 * `SECONDS` in the environment changes how long each flood lasts.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import WebSocket from "ws";
import { eventJson } from "../../src/nostr/event_json.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import type { FloodOrders } from "./flooders.ts";

const lastsMs = Number(Deno.env.get("SECONDS") ?? 10) * 1_000;
/** An honest p99 below this is as good as any other, milliseconds. */
const GOOD_MS = 40;
const MOST_TIMES = 2;
/** How long the flood lasts before it counts, and at most after that, milliseconds. */
const WARM_UP_MS = 4_000;

const random = new SeededRandom(1);
const nowS = Math.floor(Date.now() / 1_000);
let written = 0;

function notes(signer: SchnorrSigner, count: number): readonly string[] {
  return Array.from({ length: count }, () =>
    eventJson(
      signer.sign({ kind: 1, created_at: nowS, tags: [], content: `${written++} and some words` }),
    ));
}

/** How long its OKs take, one after the other, and how many were refused. */
async function publishHonestly(url: string, address: string): Promise<readonly [number, number]> {
  const events = notes(new SchnorrSigner(random), 20_000);
  const socket = new WebSocket(url, { headers: { "x-forwarded-for": address } });
  await new Promise((resolve) => socket.once("open", resolve));
  const times: number[] = [];
  let refused = 0;
  let answer: (text: string) => void = () => {};
  socket.on("message", (data: Uint8Array) => answer(data.toString()));
  const endMs = performance.now() + lastsMs;
  for (const event of events) {
    if (performance.now() > endMs) break;
    const startMs = performance.now();
    const text = await new Promise<string>((resolve) => {
      answer = (text) => text.startsWith('["OK"') && resolve(text);
      socket.send(`["EVENT",${event}]`);
    });
    times.push(performance.now() - startMs);
    if (!text.includes(",true,")) refused++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.close();
  await new Promise((resolve) => socket.once("close", resolve));
  times.sort((a, b) => a - b);
  return [times[Math.floor(times.length * 0.99)]!, refused];
}

type Flood = Omit<FloodOrders, "url" | "lastsMs">;

/** The p99 at `relay` while `target` is flooded. */
async function flooded(relay: RunningRelay, target: RunningRelay, flood: Flood): Promise<number> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  const orders: FloodOrders = { ...flood, url: target.url, lastsMs: lastsMs + 2 * WARM_UP_MS };
  await Deno.writeTextFile(file, JSON.stringify(orders));
  const program = new URL("flooders.ts", import.meta.url).pathname;
  // At the lowest priority: those who flood a relay have processors of their own.
  const flooders = new Deno.Command("nice", {
    args: ["-n", "19", Deno.execPath(), "run", "-A", "--no-check", program, file],
    stdout: "piped",
  }).spawn();
  const input = Readable.fromWeb(flooders.stdout as never);
  const lines = createInterface({ input })[Symbol.asyncIterator]();
  equal((await lines.next()).value, "open");
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const [p99Ms, refused] = await publishHonestly(relay.url, "198.51.100.7");
  const { value: answers } = await lines.next();
  await flooders.status;
  await Deno.remove(file);
  console.log(`  answers to the flood: ${answers}; ${refused} refusals of the honest`);
  equal(refused, 0);
  return p99Ms;
}

const hosts = Array.from({ length: 1_000 }, (_, at) => at + 1);
const floods: Readonly<Record<string, () => Flood>> = {
  "one address": () => ({
    events: Array.from({ length: 20 }, () => notes(new SchnorrSigner(random), 500)).flat(),
    addresses: Array.from({ length: 64 }, () => "203.0.113.5"),
  }),
  "a thousand addresses of one /64": () => ({
    events: Array.from({ length: 20 }, () => notes(new SchnorrSigner(random), 500)).flat(),
    addresses: hosts.map((host) => `2001:db8:0:1::${host.toString(16)}`),
  }),
  "one key over a thousand connections": () => ({
    // More than it may publish, so that most are neither stored nor known.
    events: notes(new SchnorrSigner(random), 60_000),
    addresses: hosts.map((host) => `10.${host >> 8}.${host & 255}.1`),
  }),
};

for (const kind of ["memory:", "managed:"]) {
  Deno.test(`an honest publisher goes on during floods, ${kind}`, async (test) => {
    await using database = await freshDatabases[kind]!();
    await using otherDatabase = await freshDatabases[kind]!();
    const settings = ["network.trusted_proxies=127.0.0.0/8"];
    await using relay = await startRelay({ database: database.url, settings });
    await using other = await startRelay({ database: otherDatabase.url, settings });
    const [aloneMs] = await publishHonestly(relay.url, "198.51.100.7");
    console.log(`  no flood: p99 ${aloneMs.toFixed(1)} ms`);
    for (const [name, orders] of Object.entries(floods)) {
      await test.step(name, async () => {
        const besideMs = await flooded(relay, other, orders());
        const p99Ms = await flooded(relay, relay, orders());
        const figures = `p99 ${p99Ms.toFixed(1)} ms, ${besideMs.toFixed(1)} ms beside it`;
        console.log(`  ${name}: ${figures}`);
        ok(p99Ms <= Math.max(GOOD_MS, MOST_TIMES * besideMs), figures);
      });
    }
    for (const { stop } of [relay, other]) equal(await stop(), 0);
  });
}
