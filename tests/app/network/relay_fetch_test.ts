import { deepEqual, equal } from "node:assert/strict";
import { once } from "node:events";
import { WebSocket as WsClient } from "ws";
import { admissionLimits, proxyOptions } from "../../../src/app/network/network_options.ts";
import { ProxyAdvice } from "../../../src/app/network/proxy_advice.ts";
import { RelayFetch, type RelayFetchOptions } from "../../../src/app/network/relay_fetch.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import type { SettingValue } from "../../../src/app/settings/setting.ts";
import { silentLog } from "../../../src/base/log.ts";
import { createGates } from "../../../src/net/server/admission.ts";
import type { NativeWebSocket } from "../../../src/net/server/native_websocket.ts";
import { zeroNetCounters } from "../../../src/net/server/net_counters.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { RecordedEvents } from "../../kit/recorded_events.ts";

/** A host's own server with a relay behind it. */
class Host implements AsyncDisposable {
  readonly counters = zeroNetCounters();
  readonly accepted: NativeWebSocket[] = [];
  /** With what code the connections of {@link upgrade} were closed. */
  readonly closeCodes: number[] = [];
  readonly ends: RecordedEvents[] = [];
  readonly gates: RelayFetchOptions["gates"];
  readonly relay: RelayFetch;
  readonly server: Deno.HttpServer<Deno.NetAddr>;

  constructor(
    values: Readonly<Record<string, SettingValue>>,
    options: Partial<RelayFetchOptions> = {},
  ) {
    const settings = settingsWith(
      new Map<string, SettingValue>([
        ["network.unlimited_clients", []],
        ...Object.entries(values),
      ]),
    );
    const clock = new FakeClock();
    this.gates = createGates(admissionLimits(settings), clock);
    this.relay = new RelayFetch({
      ...{ settings, clock, log: silentLog, gates: this.gates, counters: this.counters },
      forwarded: proxyOptions(settings).forwarded,
      advice: { note() {} },
      http: () => Promise.resolve(new Response("a page")),
      accept: (connection) => {
        const events = new RecordedEvents();
        this.accepted.push(connection);
        this.ends.push(events);
        connection.start(events);
      },
      ...options,
    });
    this.server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request, { remoteAddr }) => this.relay.answer(request, remoteAddr.hostname),
    );
  }

  /** The status of an upgrade, 101 if it is one, and the client. */
  async upgrade(path = "/", options = {}): Promise<[number, WsClient]> {
    const client = new WsClient(`ws://127.0.0.1:${this.server.addr.port}${path}`, options);
    client.on("error", () => {});
    client.on("close", (code: number) => this.closeCodes.push(code));
    const refused = once(client, "unexpected-response").then(([, response]) => {
      response.resume();
      return response.statusCode;
    }, () => 0);
    const opened = once(client, "open").then(() => 101, () => refused);
    return [
      await new Promise((resolve) => void [refused.then(resolve), opened.then(resolve)]),
      client,
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.accepted) connection.terminate();
    await this.server.shutdown();
  }
}

/** Ends a client and waits until the server knows. */
async function end(host: Host, client: WsClient): Promise<void> {
  const events = host.ends.at(-1)!;
  client.close();
  await events.until(({ ending }) => ending !== undefined);
}

Deno.test("RFC 6455 §10.2: a page of another origin is 403, as at sockets of our own", async () => {
  await using host = new Host({ "network.allowed_origins": ["https://client.example"] });
  equal((await host.upgrade("/", { origin: "https://elsewhere.example" }))[0], 403);
  const [status, client] = await host.upgrade("/", { origin: "https://client.example" });
  equal(status, 101);
  await end(host, client);
});

Deno.test("a client has so many connections and no more, and gets its place back", async () => {
  await using host = new Host({ "network.max_client_connections": 1 });
  const [first, client] = await host.upgrade();
  equal(first, 101);
  equal((await host.upgrade())[0], 429);
  equal(host.counters.refused["per-client"], 1);
  await end(host, client);
  const [again, other] = await host.upgrade();
  equal(again, 101);
  await end(host, other);
  equal(host.gates.connections.total, 0);
});

Deno.test("a client that asks too fast is 429", async () => {
  await using host = new Host({
    "network.client_request_burst": 2,
    "network.client_request_rate": 1,
  });
  const statuses: number[] = [];
  for (let count = 0; count < 3; count++) {
    const response = await host.relay.answer(new Request("http://h.example/"), "192.0.2.1");
    statuses.push(response.status);
  }
  deepEqual(statuses, [200, 200, 429]);
  equal((await host.relay.answer(new Request("http://h.example/"), "192.0.2.2")).status, 200);
});

Deno.test("a trusted proxy is believed, so that its clients are counted one by one", async () => {
  await using host = new Host({
    "network.trusted_proxies": ["127.0.0.1"],
    "network.max_client_connections": 1,
  });
  const from = (address: string) => host.upgrade("/", { headers: { "X-Forwarded-For": address } });
  const [first, client] = await from("192.0.2.1");
  deepEqual([first, (await from("192.0.2.1"))[0]], [101, 429]);
  equal(host.accepted[0]?.address, "192.0.2.1");
  const [second, other] = await from("192.0.2.2");
  equal(second, 101);
  await end(host, other);
  client.terminate();
  await host.ends[0]!.until(({ ending }) => ending !== undefined);
});

Deno.test("a proxy before the host program that the settings do not name is noticed", async () => {
  const warned: unknown[] = [];
  const log = { ...silentLog, warn: (_: string, fields: unknown) => void warned.push(fields) };
  await using host = new Host({}, { advice: new ProxyAdvice(log, false) });
  const headers = { "X-Forwarded-For": "192.0.2.1" };
  const [status, client] = await host.upgrade("/", { headers });
  equal(status, 101);
  deepEqual(warned, [{ address: "127.0.0.1", header: "x-forwarded-for" }]);
  await end(host, client);
});

Deno.test("another path is 404, and the relay's own is itself with a slash at its end", async () => {
  await using host = new Host({ "network.path": "/nostr" });
  equal((await host.upgrade("/"))[0], 404);
  const [status, client] = await host.upgrade("/nostr/");
  equal(status, 101);
  await end(host, client);
});

Deno.test("a client that sends far too fast is closed", async () => {
  await using host = new Host({ "limits.message_rate": 1, "limits.message_burst": 1 });
  const [, client] = await host.upgrade();
  const closed = once(client, "close");
  for (let count = 0; count < 50; count++) client.send("x");
  await closed;
  await host.ends[0]!.until(({ ending }) => ending !== undefined);
  deepEqual([host.ends[0]!.ending?.cause, host.ends[0]!.texts.length], ["local", 11]);
  equal(host.counters.throttled > 0, true);
});

Deno.test("a holder that throws closes 1011 and keeps no place", async () => {
  await using host = new Host({}, {
    accept() {
      throw new Error("bug");
    },
  });
  const [, client] = await host.upgrade();
  if (client.readyState !== client.CLOSED) await once(client, "close");
  deepEqual(host.closeCodes, [1011]);
  while (host.gates.connections.total > 0) await new Promise((resolve) => setImmediate(resolve));
});
