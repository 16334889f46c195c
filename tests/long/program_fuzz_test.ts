/**
 * The whole program under mutated input: requests, handshakes, frames and messages, mixed. Half an hour,
 * or `FUZZ_MINUTES`; `SEED` repeats a run.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { mutate } from "../fuzz/mutate.ts";
import { savedSeeds } from "../fuzz/saved_seeds.ts";
import { generatedMessages } from "../hostile/generated.ts";
import { rawFrame } from "../kit/raw_frame.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { descriptorCount, residentBytes } from "../kit/resident_memory.ts";
import { startRelay } from "../kit/running_relay.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const MINUTES = Number(Deno.env.get("FUZZ_MINUTES") ?? 30);
const SEED = drawSeed();

/** Connections at a time. */
const LANES = 8;

const upgrade = utf8(
  "GET / HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
);

const requests: readonly Uint8Array[] = [
  upgrade,
  utf8("GET / HTTP/1.1\r\nHost: relay\r\nAccept: application/nostr+json\r\n\r\n"),
  utf8("GET /health HTTP/1.1\r\nHost: relay\r\nConnection: keep-alive\r\n\r\n".repeat(3)),
  utf8(
    "POST / HTTP/1.1\r\nHost: relay\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  ),
  utf8("POST / HTTP/1.1\r\nHost: relay\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"),
  utf8("HEAD / HTTP/1.1\r\nHost: [::1]:80\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: relay\r\n\r\n"),
];

const streams = [...savedSeeds("server"), ...savedSeeds("server-deflate")].map(({ bytes }) =>
  bytes
);

/** Messages as frames, of which a few bytes may be wrong. */
function messages(random: SeededRandom): Uint8Array {
  const some = generatedMessages(random.uint32()).slice(0, 5).filter(({ length }) =>
    length < 30_000
  );
  return concat(some.map((message) => rawFrame({ opcode: 1, payload: message })));
}

function input(random: SeededRandom): Uint8Array {
  switch (random.int(5)) {
    case 0:
      return mutate(random.pick(requests), requests, random);
    case 1:
      return concat([mutate(upgrade, requests, random), random.pick(streams)]);
    case 2:
      return concat([upgrade, mutate(random.pick(streams), streams, random)]);
    case 3:
      return concat([upgrade, messages(random)]);
    default: {
      const frames = messages(random);
      return concat([upgrade, mutate(frames, [frames, ...streams], random)]);
    }
  }
}

/** Sends, in one to three pieces, listens for a moment, and goes. */
function send(url: URL, bytes: Uint8Array, random: SeededRandom): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    const timer = setTimeout(() => socket.destroy(), random.between(5, 60));
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
    if (random.chance(0.1)) socket.pause();
    else socket.resume();
    let start = 0;
    while (start < bytes.length) {
      const end = random.chance(0.5) ? bytes.length : start + random.between(1, bytes.length);
      socket.write(bytes.subarray(start, end));
      start = end;
    }
    if (random.chance(0.3)) socket.end();
  });
}

Deno.test(`${MINUTES} minutes of mutated input leave the program as it was`, async () => {
  console.log(`SEED=${SEED}`);
  // Searches and conditions for several tags are fuzzed too.
  const settings = ["search.enabled=true", "filters.and_tags=true", "log.level=info"];
  await using relay = await startRelay({ database: "memory:", settings });
  const url = new URL(relay.url);
  const lane = async (number: number, endMs: number) => {
    const random = new SeededRandom(SEED + number);
    let count = 0;
    for (; performance.now() < endMs; count++) await send(url, input(random), random);
    return count;
  };
  const lanes = (endMs: number) =>
    Promise.all(Array.from({ length: LANES }, (_, number) => lane(number, endMs)));
  await lanes(performance.now() + 20_000);
  await sleep(3_000);
  const before = { descriptors: descriptorCount(relay.pid), bytes: residentBytes(relay.pid) };
  const counts = await lanes(performance.now() + MINUTES * 60_000);
  await sleep(10_000);
  const after = { descriptors: descriptorCount(relay.pid), bytes: residentBytes(relay.pid) };
  console.log(JSON.stringify({ inputs: counts.reduce((sum, n) => sum + n, 0), before, after }));
  const client = await RelayClient.connect(relay.url);
  deepEqual(await client.query([{ ids: new Set(["0".repeat(64)]), tags: new Map() }]), []);
  await client.close();
  deepEqual(relay.log.filter((line) => /"level":"(error|fatal)"/.test(line)), []);
  ok(after.descriptors <= before.descriptors + 5);
  ok(
    after.bytes < before.bytes + 100_000_000,
    "what was learnt in the first seconds is most of it",
  );
  equal(await relay.stop(), 0);
});
