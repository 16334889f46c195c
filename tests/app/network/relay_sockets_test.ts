import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import WebSocket from "ws";
import { RelaySockets, type RelaySocketsOptions } from "../../../src/app/network/relay_sockets.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import type { SettingValue } from "../../../src/app/settings/setting.ts";
import { silentLog } from "../../../src/base/log.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { testAuthority } from "../../kit/test_certificates.ts";

type Values = Readonly<Record<string, SettingValue>>;

function sockets(values: Values = {}, over: Partial<RelaySocketsOptions> = {}): RelaySockets {
  return new RelaySockets({
    settings: settingsWith(new Map(Object.entries(values))),
    clock: new FakeClock(),
    log: silentLog,
    onConnection: (connection) => connection.terminate(),
    onRequest: (_, { address, secure }) => new Response(`${address} ${secure}`),
    ...over,
  });
}

const ignore = { messages() {}, drained() {}, closed() {} };

const vectors = new URL("../../vectors/tls/", import.meta.url).pathname;
const tls = {
  "tls.certificate_files": [`${vectors}localhost.pem`],
  "tls.key_files": [`${vectors}localhost.key`],
};

/** The body of the page at `url`. */
function page(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca: testAuthority, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Uint8Array) => text += new TextDecoder().decode(chunk));
      response.on("end", () => resolve(text));
    });
    asked.on("error", reject);
    asked.end();
  });
}

Deno.test("a relay listens at several addresses, plain, TLS and Unix", async () => {
  const directory = await Deno.makeTempDir();
  const relay = sockets({ ...tls, "network.socket_mode": "0600" });
  match(await relay.listen("127.0.0.1:0"), /^ws:\/\/127\.0\.0\.1:\d+$/);
  const url = await relay.listen("tls:127.0.0.1:0");
  match(url, /^wss:\/\/127\.0\.0\.1:\d+$/);
  equal(await relay.listen(`unix:${directory}/relay.sock`), `ws+unix:${directory}/relay.sock`);
  equal((await Deno.lstat(`${directory}/relay.sock`)).mode! & 0o777, 0o600);
  equal(await page(url.replace("wss", "https")), "127.0.0.1 true");
  equal(relay.counters.accepted, 1);
  await relay.close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("TLS without certificates, and certificates without keys, are refused", async () => {
  const relay = sockets();
  await rejects(relay.listen("tls:127.0.0.1:0"), /needs tls\.certificate_files/);
  await relay.close();
  throws(() => sockets({ ...tls, "tls.key_files": [] }), /tls\.key_files: needs as many/);
});

Deno.test("what is no address is refused", async () => {
  const relay = sockets();
  await rejects(relay.listen("8080"), TypeError);
  await relay.close();
});

/** The status of a handshake with this Origin. */
function handshake(url: string, origin: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { origin });
    socket.on("unexpected-response", (_: unknown, response: IncomingMessage) => {
      resolve(response.statusCode!);
      response.resume();
    });
    socket.on("open", () => {
      resolve(101);
      socket.terminate();
    });
    socket.on("error", () => {});
  });
}

Deno.test("who may connect changes while the relay listens", async () => {
  const relay = sockets({}, { onConnection: (connection) => connection.start(ignore) });
  const url = await relay.listen("127.0.0.1:0");
  const update = (values: Values) => relay.prepare(settingsWith(new Map(Object.entries(values))))();
  const statuses = async () => [
    await handshake(url, "https://one.example"),
    await handshake(url, "https://two.example"),
  ];
  deepEqual(await statuses(), [101, 101]);
  update({ "network.allowed_origins": ["https://one.example"] });
  deepEqual(await statuses(), [101, 403]);
  update({});
  deepEqual(await statuses(), [101, 101]);
  await relay.close();
});

Deno.test("new limits hold for messages of open connections", async () => {
  const relay = sockets({}, { onConnection: (connection) => connection.start(ignore) });
  const url = await relay.listen("127.0.0.1:0");
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.on("open", resolve));
  relay.prepare(settingsWith(new Map(Object.entries({ "limits.max_message_bytes": 1_024 }))))();
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  socket.send("x".repeat(1_025));
  equal(await closed, 1009);
  await relay.close();
});
