/**
 * Many connections at once, most of them of no use to anybody. Prints figures for `docs/transport.md`.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { WebSocket as WsClient } from "ws";
import { rawFrame } from "../kit/raw_frame.ts";
import { rawWebSocket, type RawWebSocketOptions } from "../kit/raw_websocket.ts";
import { descriptorCount, residentBytes } from "../kit/resident_memory.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { testAuthority } from "../kit/test_certificates.ts";

const vectors = new URL("../vectors/tls/", import.meta.url).pathname;
const tlsSettings = [
  "network.listen=tls:127.0.0.1:0",
  `tls.certificate_files=${vectors}localhost.pem`,
  `tls.key_files=${vectors}localhost.key`,
];

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Does `work` so many times, `lanes` at a time. */
async function inLanes(count: number, lanes: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function open(url: string, count: number, options?: RawWebSocketOptions): Promise<Socket[]> {
  const sockets: Socket[] = [];
  await inLanes(count, 50, async () => void sockets.push(await rawWebSocket(url, options)));
  return sockets;
}

/** Waits until `holds`; fails after a minute. */
async function until(holds: () => boolean): Promise<void> {
  for (let waits = 0; !holds(); waits++) {
    if (waits > 1200) throw new Error("it did not come to hold within a minute");
    await pause(50);
  }
}

/** That somebody can still connect and is answered. */
async function isServed(url: string): Promise<void> {
  const client = new WsClient(url, { ca: [testAuthority], servername: "localhost" });
  const answer = new Promise((resolve) => {
    // The challenge comes at once, or only after the question was sent.
    client.on(
      "message",
      (data: Uint8Array) => String(data).startsWith('["AUTH"') || resolve(String(data)),
    );
  });
  await once(client, "open");
  client.send('["REQ","a",{"limit":1}]');
  equal(await answer, '["EOSE","a",["finish"]]');
  client.terminate();
  await once(client, "close");
}

const idleCount = 10_000;

const idleCases: readonly {
  readonly name: string;
  readonly settings: readonly string[];
  readonly options?: RawWebSocketOptions;
  /** The most that each may take, garbage included. */
  readonly maxKib: number;
}[] = [
  { name: "plain", settings: [], maxKib: 24 },
  {
    name: "compressed",
    settings: [],
    options: { extensions: "permessage-deflate" },
    maxKib: 24,
  },
  { name: "TLS", settings: tlsSettings, maxKib: 64 },
];

for (const { name, settings, options, maxKib } of idleCases) {
  Deno.test(`10,000 idle connections (${name}) are held, served and let go`, async () => {
    await using relay = await startRelay({
      database: "memory:",
      // Room for one more, who is to be served.
      settings: ["network.max_connections=10100", ...settings],
    });
    await open(relay.url, 200, options).then((sockets) => sockets.map((each) => each.destroy()));
    await pause(1000);
    const [beforeBytes, beforeCount] = [residentBytes(relay.pid), descriptorCount(relay.pid)];
    const started = performance.now();
    const sockets = await open(relay.url, idleCount, options);
    const openedMs = performance.now() - started;
    await pause(1000);
    const perConnection = (residentBytes(relay.pid) - beforeBytes) / idleCount;
    console.log(
      `idle, ${name}: ${(perConnection / 1024).toFixed(1)} KiB each of ${idleCount},`,
      `${Math.round(idleCount / openedMs * 1000)} opened a second`,
    );
    equal(descriptorCount(relay.pid) >= beforeCount + idleCount, true, "all of them are there");
    await isServed(relay.url);
    for (const socket of sockets) socket.destroy();
    await until(() => descriptorCount(relay.pid) <= beforeCount + 5);
    equal(perConnection < maxKib * 1024, true);
  });
}

Deno.test("1,000 half-open handshakes keep nobody out and are ended in time", async () => {
  const settings = ["network.handshake_timeout_ms=5000"];
  await using relay = await startRelay({ database: "memory:", settings });
  const { port } = new URL(relay.url);
  const beforeCount = descriptorCount(relay.pid);
  let closed = 0;
  const started = performance.now();
  const sockets = Array.from({ length: 1000 }, () => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {}).on("close", () => closed++).resume();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n");
    return socket;
  });
  // One more header line now and then: what a deadline between bytes would not notice.
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("X-A: b\r\n");
  }, 500);
  await pause(1000);
  const asked = performance.now();
  await isServed(relay.url);
  const servedMs = performance.now() - asked;
  await until(() => closed === 1000);
  clearInterval(drip);
  const endedMs = performance.now() - started;
  console.log(
    `half-open: another client served in ${servedMs.toFixed(0)} ms,`,
    `all ended after ${endedMs.toFixed(0)} ms`,
  );
  await until(() => descriptorCount(relay.pid) <= beforeCount + 5);
  equal(endedMs < 10_000, true);
});

Deno.test("50,000 connections that come and go leave nothing behind", async () => {
  await using relay = await startRelay({ database: "memory:" });
  const come = async (): Promise<void> => {
    const socket = await rawWebSocket(relay.url);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.end(rawFrame({ opcode: 8 }));
    socket.resume();
    await closed;
  };
  await inLanes(5_000, 50, come);
  const [beforeBytes, beforeCount] = [residentBytes(relay.pid), descriptorCount(relay.pid)];
  const started = performance.now();
  await inLanes(45_000, 50, come);
  const seconds = (performance.now() - started) / 1000;
  await pause(1000);
  const grownBytes = residentBytes(relay.pid) - beforeBytes;
  console.log(
    `churn: ${Math.round(45_000 / seconds)} connections a second,`,
    `memory ${(grownBytes / 1_048_576).toFixed(1)} MiB more after the last 45,000`,
  );
  equal(descriptorCount(relay.pid) <= beforeCount + 5, true);
  equal(grownBytes < 45_000 * 1024, true);
});

const outboundLimit = 2 * 1_048_576;
/** So many that 15 of them are slower than the 99th of a hundred: one hiccup of the machine is no figure. */
const eventCount = 1_500;
const signer = new SchnorrSigner(new SeededRandom(7));
/** Fifty of these a second fill what may wait for a peer in some seconds, and a socket in twenty. */
const content = "x".repeat(4_000);

/** From sending an event to hearing of it, 99 of 100, milliseconds. */
async function latencyP99(relay: RunningRelay, eventCount: number): Promise<number> {
  const client = new WsClient(relay.url, { perMessageDeflate: false });
  await once(client, "open");
  client.send('["REQ","a",{"kinds":[20001]}]');
  await once(client, "message");
  const sentAt = new Map<string, number>();
  const latencies: number[] = [];
  client.on("message", (data: unknown) => {
    const message = JSON.parse(String(data));
    const at = message[0] === "EVENT" ? sentAt.get(message[2].id) : undefined;
    if (at !== undefined) latencies.push(performance.now() - at);
  });
  const nowS = Math.floor(Date.now() / 1000);
  for (let at = 0; at < eventCount; at++) {
    const event = signer.sign({
      kind: 20001,
      created_at: nowS,
      tags: [["n", String(at), String(Math.random())]],
      content,
    });
    sentAt.set(event.id, performance.now());
    client.send(JSON.stringify(["EVENT", event]));
    await pause(20);
  }
  await until(() => latencies.length === eventCount);
  client.terminate();
  await once(client, "close");
  return latencies.sort((a, b) => a - b)[Math.floor(eventCount * 0.99)]!;
}

Deno.test("100 peers that never read are shed, within their memory, and the others are served", async () => {
  const settings = [
    `limits.max_queued_bytes=${outboundLimit}`,
    "limits.high_water_bytes=1048576",
    "network.close_timeout_ms=2000",
    "network.compression=false",
    "log.level=debug",
  ];
  await using relay = await startRelay({ database: "memory:", settings });
  await latencyP99(relay, 200);
  const aloneMs = await latencyP99(relay, eventCount);
  const baseBytes = residentBytes(relay.pid);
  let peakBytes = baseBytes;
  const watch = setInterval(() => peakBytes = Math.max(peakBytes, residentBytes(relay.pid)), 50);

  const sockets = await open(relay.url, 100);
  for (const socket of sockets) {
    socket.pause();
    socket.write(rawFrame({ opcode: 1, payload: '["REQ","a",{"kinds":[20001]}]' }));
  }
  await pause(500);
  const crowdedMs = await latencyP99(relay, eventCount);
  const shedCount = () => relay.log.filter((line) => line.includes('"cause":"timeout"')).length;
  await until(() => shedCount() === 100);
  await pause(200);
  clearInterval(watch);
  for (const socket of sockets) socket.destroy();
  const meantBytes = 100 * eventCount * content.length;
  console.log(
    `slow readers: ${(meantBytes / 1e6).toFixed(0)} MB meant for 100 peers,`,
    `memory ${(baseBytes / 1_048_576).toFixed(0)} MiB before, ${
      (peakBytes / 1_048_576).toFixed(0)
    } MiB at most, p99 ${aloneMs.toFixed(1)} ms without, ${crowdedMs.toFixed(1)} ms with them`,
  );
  equal(peakBytes < baseBytes + 100 * outboundLimit, true);
  equal(crowdedMs < 2 * aloneMs, true);
});
