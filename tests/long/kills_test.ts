/**
 * Two hundred kills while events are published: of the relay, of its private server, of one process of
 * that. `KILLS` says how many instead.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { readPostmasterFile } from "../../src/postgres_server/postmaster_file.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { recordOf } from "../kit/records.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const KILLS = Number(Deno.env.get("KILLS") ?? 200);
const CLIENTS = 4;

/** Events of all kinds, deletions among them, that are published once each. */
const EVENTS_PER_ROUND = 400;

type Victim = "relay" | "server" | "process of a connection";
const victims: readonly Victim[] = ["relay", "server", "process of a connection"];

async function pidOf(
  victim: Victim,
  relay: RunningRelay,
  url: string,
): Promise<number | undefined> {
  if (victim === "relay") return relay.pid;
  const server = (await readPostmasterFile(`${url.slice("managed:".length)}/data`))?.pid;
  if (victim === "server" || server === undefined) return server;
  const args = ["-o", "pid=,args=", "--ppid", String(server)];
  const { stdout } = await new Deno.Command("ps", { args }).output();
  const [, pid] = /^ *(\d+) postgres: gallimimus /m.exec(new TextDecoder().decode(stdout)) ?? [];
  return pid === undefined ? undefined : Number(pid);
}

/** False if it had ended already: the server of a file that is left behind, while the next one starts. */
function end(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGKILL");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Publishes until there is nothing left or the connection ends; what was answered OK true is kept. */
async function publish(url: string, queue: NostrEvent[], accepted: NostrEvent[]): Promise<void> {
  const client = await RelayClient.connect(url).catch(() => undefined);
  if (client === undefined) return;
  const lane = async () => {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      const answer = await client.publish(event);
      if (answer === undefined) return;
      if (answer.accepted) accepted.push(event);
    }
  };
  await Promise.all(Array.from({ length: 25 }, lane));
  await client.close();
}

Deno.test(`nothing that was acknowledged is lost in ${KILLS} kills`, async () => {
  const seed = drawSeed();
  console.log(`SEED=${seed}`);
  const random = new SeededRandom(seed);
  await using database = await freshDatabases["managed:"]!();
  const accepted: NostrEvent[] = [];
  const killed = { relay: 0, server: 0, "process of a connection": 0 };
  let relay = await startRelay({ database: database.url });
  try {
    for (let kill = 0; kill < KILLS;) {
      const victim = random.pick(victims);
      const queue = [...generateEvents(random, EVENTS_PER_ROUND, { signed: true })];
      const publishing = Array.from(
        { length: CLIENTS },
        () => publish(relay.url, queue, accepted),
      );
      await new Promise((resolve) => setTimeout(resolve, random.between(1, 300)));
      const pid = await pidOf(victim, relay, database.url);
      if (victim === "relay") await relay.kill();
      if (victim === "relay" || (pid !== undefined && end(pid))) {
        killed[victim]++;
        kill++;
      }
      await Promise.all(publishing);
      if (victim === "relay") relay = await startRelay({ database: database.url });
    }
    await settled(relay);
    console.log(JSON.stringify({ killed, accepted: accepted.length }));
    ok(accepted.length > KILLS);
    deepEqual(await missing(relay, accepted), []);
    equal(await relay.stop(), 0);
  } finally {
    await relay[Symbol.asyncDispose]();
  }
});

/** Waits until the relay stores events again. */
async function settled(relay: RunningRelay): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const response = await fetch(new URL("/ready", relay.url.replace(/^ws/, "http")));
    await response.text();
    if (response.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("the relay does not come back");
}

/**
 * What should be there and is not. The plain store, given all that was accepted, says what should: of
 * replaced and deleted events nothing is asked. Those that were refused, or answered by nobody, may have
 * been stored and have replaced or deleted others, so only what no other event could have touched counts:
 * regular events whose author has asked for no deletion.
 */
async function missing(relay: RunningRelay, accepted: readonly NostrEvent[]): Promise<string[]> {
  const plain = new MemoryStore();
  for (const event of accepted) await plain.put([recordOf(event)]);
  const kept = new Set<string>();
  for await (const rows of plain.query([{ tags: new Map(), limit: accepted.length }])) {
    for (const { id } of rows) kept.add(id);
  }
  const ids = accepted.filter(({ id, kind }) => kept.has(id) && (kind === 1 || kind === 7))
    .map(({ id }) => id);
  const client = await RelayClient.connect(relay.url);
  const lost: string[] = [];
  for (let start = 0; start < ids.length; start += 500) {
    const part = ids.slice(start, start + 500);
    const found = new Set(await client.query([{ ids: new Set(part), tags: new Map() }]));
    lost.push(...part.filter((id) => !found.has(id)));
  }
  await client.close();
  console.log(`${ids.length} of ${accepted.length} looked for`);
  return lost;
}
