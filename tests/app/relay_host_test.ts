import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { RelayHost } from "../../src/app/relay_host.ts";
import type { SettingValue } from "../../src/app/settings/setting.ts";
import {
  defaultSettings,
  type Settings,
  settingsWith,
} from "../../src/app/settings/setting_list.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { silentLog } from "../../src/base/log.ts";
import { StoreUnavailable } from "../../src/store/event_store.ts";
import { LocalFeed } from "../../src/store/feed/local_feed.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { partialStore } from "../kit/partial_store.ts";
import { recordOf } from "../kit/records.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const settings: Settings = {
  ...defaultSettings,
  signatures: { engine: "noble", library: "", workers: 0 },
};

function startHost(store: TidyStore = new MemoryStore(), over: Settings = settings) {
  return RelayHost.start({ settings: over, store, clock: systemClock, log: silentLog });
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.onopen = resolve);
  return socket;
}

Deno.test("a thousand connections that subscribe and drop leave nothing behind", async () => {
  const host = await startHost();
  const url = await host.listen("127.0.0.1:0");
  for (let round = 0; round < 10; round++) {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => open(url)));
    const answered = sockets.map((socket) => new Promise((resolve) => socket.onmessage = resolve));
    for (const socket of sockets) socket.send('["REQ","a",{"kinds":[1]},{"#t":["x"]}]');
    await Promise.all(answered);
    equal(host.relay.subscriptionCount, 100);
    const closed = sockets.map((socket) => new Promise((resolve) => socket.onclose = resolve));
    for (const socket of sockets) socket.close();
    await Promise.all(closed);
  }
  // The server hears of the last ends a moment after its clients.
  while (host.relay.sessionCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  equal(host.relay.subscriptionCount, 0);
  equal(host.relay.counters.connections, 1_000);
  await host.close();
});

Deno.test("what was received before the end is answered and stored, and peers are told 1001", async () => {
  const store = new MemoryStore();
  const host = await startHost(store);
  const url = await host.listen("127.0.0.1:0");
  const [event] = generateEvents(new SeededRandom(1), 1, { signed: true });
  const socket = await open(url);
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  const heard: string[] = [];
  socket.onmessage = ({ data }) => heard.push(data);
  const publisher = await RelayClient.connect(url);
  deepEqual(await publisher.publish(event!), { accepted: true, reason: "" });
  await host.close();
  equal((await closed).code, 1001);
  await publisher.closed;
});

Deno.test("a peer that reads has its answer without a wait, though it is not listened to meanwhile", async () => {
  // The session stops reading from a peer for which so much is queued, and its pongs come that way.
  const limits = { ...settings.limits, high_water_bytes: 16_384 };
  const host = await RelayHost.start({
    settings: { ...settings, limits },
    store: new MemoryStore(),
    // No timer fires: nothing is sent for any other reason than a pong.
    clock: new FakeClock(),
    log: silentLog,
  });
  const client = await RelayClient.connect(await host.listen("127.0.0.1:0"));
  const signer = new SchnorrSigner(new SeededRandom(1));
  const events = Array.from({ length: 20 }, (_, at) => {
    return signer.sign({ kind: 1, created_at: at, tags: [], content: "x".repeat(100_000) });
  });
  await client.publishAll(events);
  for (let round = 0; round < 3; round++) {
    const found = await client.query([{ kinds: new Set([1]), tags: new Map() }]);
    equal(found.length, 20);
  }
  equal(host.netCounters.unanswered, 0);
  await client.close();
  await host.close();
});

Deno.test("a peer that does not close is cut off at the shutdown deadline", async () => {
  const network = { ...settings.network, shutdown_timeout_ms: 50, close_timeout_ms: 600_000 };
  const host = await startHost(new MemoryStore(), { ...settings, network });
  const url = new URL(await host.listen("127.0.0.1:0"));
  const stubborn = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
  await stubborn.write(new TextEncoder().encode(
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  const chunk = new Uint8Array(1_000);
  const length = await stubborn.read(chunk);
  match(new TextDecoder().decode(chunk.subarray(0, length!)), /^HTTP\/1\.1 101 /);
  await host.close();
  equal(host.relay.sessionCount, 0);
  stubborn.close();
});

Deno.test("a relay whose store does not answer is alive, and not ready", async () => {
  const ask = async (store: MemoryStore, path: string) => {
    const host = await startHost(store);
    const response = await host.http(new Request(`http://localhost${path}`));
    await host.close();
    return `${response.status} ${await response.text()}`;
  };
  const gone = new MemoryStore();
  gone.probe = () => Promise.reject(new StoreUnavailable("away"));
  equal(await ask(new MemoryStore(), "/ready"), "200 ok\n");
  match(await ask(gone, "/ready"), /^503 the database does not answer/);
  equal(await ask(gone, "/health"), "200 ok\n");
});

Deno.test("an address in use is an error that names it, and nothing is left open", async () => {
  const host = await startHost();
  const url = new URL(await host.listen("127.0.0.1:0"));
  let message = "";
  await host.listen(`127.0.0.1:${url.port}`).catch((error) => message = error.message);
  match(message, /EADDRINUSE|in use/);
  await host.close();
});

Deno.test("a store that fails is an error to its asker, not the end", async () => {
  const failing = partialStore({
    feed: new LocalFeed(),
    put: () => Promise.reject(new StoreUnavailable("away")),
    // deno-lint-ignore require-yield -- it fails before it has anything to give
    async *query() {
      await Promise.resolve();
      throw new StoreUnavailable("away");
    },
    close: () => Promise.resolve(),
  });
  const host = await startHost(failing);
  const client = await RelayClient.connect(await host.listen("127.0.0.1:0"));
  const [event] = generateEvents(new SeededRandom(1), 1, { signed: true });
  const answer = await client.publish(event!);
  equal(answer?.accepted, false);
  match(answer!.reason, /^error: /);
  let closed = "";
  await client.query([{ tags: new Map() }]).catch((error) => closed = error.message);
  match(closed, /^CLOSED error: /);
  await client.close();
  await host.close();
});

function settingsOf(values: Readonly<Record<string, SettingValue>>): Settings {
  const all = Object.entries({ "signatures.workers": 0, "signatures.engine": "noble", ...values });
  return settingsWith(new Map(all));
}

const removing = { "retention.max_age_days": 5 };
const server = { "database.url": "postgres://host/db" };
const searching = { "search.enabled": true };
const key = "ab".repeat(32);

const heldBack: readonly [
  string,
  Readonly<Record<string, SettingValue>>,
  Readonly<Record<string, SettingValue>>,
  boolean,
][] = [
  ["retention of an embedded database may begin", {}, removing, false],
  ["retention of a server's database may not begin", server, { ...server, ...removing }, true],
  ["nor where the file names another database, too", server, removing, true],
  ["it may where there is no window", { ...server, "cache.max_mib": 0 }, {
    ...server,
    ...removing,
  }, false],
  ["it may become stricter where it has begun", { ...server, ...removing }, {
    ...server,
    "retention.max_age_days": 4,
  }, false],
  ["a longer query than the database's time-out", {}, { "limits.req_timeout_ms": 6_000 }, true],
  ["a longer query within the time-out of others", { "limits.count_timeout_ms": 9_000 }, {
    "limits.count_timeout_ms": 100,
    "limits.req_timeout_ms": 9_000,
  }, false],
  ["less memory than the window was given", {}, { "limits.max_memory_mb": 100 }, true],
  ["less memory, with room for the window", { "cache.max_mib": 1 }, {
    "cache.max_mib": 1,
    "limits.max_memory_mb": 100,
  }, false],
  ["a private kind that was not searched", {}, { "access.private_kinds": ["4"] }, false],
  ["a kind that is private from now on", searching, {
    ...searching,
    "access.private_kinds": ["1", "4"],
  }, false],
  [
    "a private kind that may be searched from now on",
    {
      ...searching,
      "access.private_kinds": ["1"],
    },
    searching,
    true,
  ],
  ["the first certificate", {}, {
    "tls.certificate_files": ["a.pem"],
    "tls.key_files": ["a.key"],
  }, true],
  ["a first administrator", {}, { "access.admins": [key] }, true],
  ["a first administrator by relay.pubkey", {}, { "relay.pubkey": key }, true],
  ["another administrator", { "relay.pubkey": key }, { "access.admins": [key] }, false],
];

for (const [what, running, read, isHeld] of heldBack) {
  Deno.test(`${what}: ${isHeld ? "needs a restart" : "is applied"}`, async () => {
    const host = await startHost(new MemoryStore(), settingsOf(running));
    equal(host.heldBack(settingsOf(read)).size > 0, isHeld);
    await host.close();
  });
}

Deno.test("new settings are used once the function that prepare returned was called", async () => {
  const host = await startHost(new MemoryStore(), settingsOf({}));
  const apply = await host.prepare(settingsOf({
    "relay.name": "b",
    "relay.url": "wss://b.example",
    "limits.max_limit": 700,
  }));
  deepEqual([host.information().name, host.information().limitation.maxLimit], [
    "Gallimimus",
    1_000,
  ]);
  const page = async () => await (await host.http(new Request("http://host/"))).text();
  equal((await page()).includes("wss://b.example"), false);
  apply();
  deepEqual([host.information().name, host.information().limitation.maxLimit], ["b", 700]);
  equal((await page()).includes("wss://b.example"), true);
  await rejects(host.prepare(settingsOf({ "access.banned_patterns": ["("] })));
  equal(host.information().name, "b");
  await host.close();
});

Deno.test("retention that changes removes what is too old, and refuses it", async () => {
  const clock = new FakeClock();
  const nowS = Math.floor(clock.nowMs() / 1_000);
  const signer = new SchnorrSigner(new SeededRandom(1));
  const note = (created_at: number) => signer.sign({ kind: 1, created_at, tags: [], content: "" });
  const store = new MemoryStore(clock);
  const [old, young] = [note(nowS - 10 * 86_400), note(nowS - 86_400)];
  await store.put([old, young].map(recordOf));
  const options = { settings: settingsOf({ "limits.created_at_lower_limit_s": 0 }), store, clock };
  const host = await RelayHost.start({ ...options, log: silentLog });
  const stored = async () => {
    const ids: string[] = [];
    for await (const events of host.query([{ tags: new Map() }])) {
      ids.push(...events.map(({ id }) => id));
    }
    return ids;
  };
  deepEqual(await stored(), [young.id, old.id]);
  (await host.prepare(settingsOf({ "retention.max_age_days": 5 })))();
  for (let turn = 0; turn < 20; turn++) {
    clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  deepEqual(await stored(), [young.id]);
  const verdict = await host.relay.publish(old);
  equal(verdict.reason?.prefix, "blocked");
  await host.close();
});
