import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { type ClientOptions, type PerMessageDeflateOptions, WebSocket } from "ws";
import { SharedBytes, utf8 } from "../../src/base/bytes.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { acceptDeflate } from "../../src/websocket/permessage_deflate.ts";
import { withEchoServer } from "../kit/echo_server.ts";
import { conversation, prose } from "../kit/messages.ts";
import { testAuthority } from "../kit/test_certificates.ts";
import { testGate } from "../kit/test_gate.ts";

const compressing = { chooseExtension: acceptDeflate({ zlib: nodeZlib }) };

/** What the client offers, and what comes of it. */
const offers: readonly (readonly [
  name: string,
  offer: boolean | PerMessageDeflateOptions,
  granted: string,
])[] = [
  ["plain", false, ""],
  ["deflate", { threshold: 0 }, "permessage-deflate"],
  [
    "deflate, a small window",
    { threshold: 0, serverMaxWindowBits: 10, clientMaxWindowBits: 9 },
    "permessage-deflate",
  ],
  [
    "deflate, no context takeover",
    { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    "permessage-deflate",
  ],
];

async function open(url: string, options: ClientOptions): Promise<WebSocket> {
  const client = new WebSocket(url, { maxPayload: 16 * 1024 * 1024, ...options });
  await once(client, "open");
  return client;
}

async function nextMessage(client: WebSocket): Promise<string | Uint8Array> {
  const [data, isBinary] = await once(client, "message");
  return isBinary ? new Uint8Array(data) : String(data);
}

function isSame(one: string | Uint8Array, other: string | Uint8Array): boolean {
  if (typeof one === "string" || typeof other === "string") return one === other;
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

async function closeCleanly(client: WebSocket): Promise<void> {
  client.close(1000);
  const [code] = await once(client, "close");
  equal(code, 1000);
}

for (const [name, perMessageDeflate, granted] of offers) {
  Deno.test(`ws as client, ${name}: each message comes back as it was`, () =>
    withEchoServer(async ({ url }) => {
      const client = await open(url, { perMessageDeflate });
      equal(client.extensions.split(";")[0], granted);
      for (const message of conversation) {
        client.send(message);
        equal(isSame(await nextMessage(client), message), true, `${message.length}`);
      }
      await closeCleanly(client);
    }, compressing));

  Deno.test(`ws as client, ${name}: a message in fragments comes back whole`, () =>
    withEchoServer(async ({ url }) => {
      const client = await open(url, { perMessageDeflate });
      const pieces = ["", prose(10), prose(70_000), "", prose(300)];
      const ponged = once(client, "pong");
      for (const piece of pieces) {
        client.send(piece, { fin: false });
        client.ping();
      }
      client.send("end", { fin: true });
      equal(await nextMessage(client), `${pieces.join("")}end`);
      await ponged;
      const [first, rest] = [new Uint8Array(100_000), new Uint8Array(10_000_000)];
      client.send(first, { fin: false });
      client.send(rest, { fin: true });
      equal((await nextMessage(client)).length, 10_100_000);
      await closeCleanly(client);
    }, compressing));

  Deno.test(`ws as client, ${name}: a shared body comes between each one's own words`, () =>
    withEchoServer(async ({ url, connections }) => {
      const client = await open(url, { perMessageDeflate });
      const body = new SharedBytes(utf8(`{"content":"${prose(2000)}"}`));
      const text = new TextDecoder().decode(body.bytes);
      for (const head of ['["EVENT","a",', `["EVENT","${"long".repeat(20_000)}",`]) {
        connections[0]!.sendShared(utf8(head), body, utf8("]"));
        equal(await nextMessage(client), `${head}${text}]`);
      }
      await closeCleanly(client);
    }, compressing));
}

Deno.test("ws as client: a server that does not compress declines", () =>
  withEchoServer(async ({ url }) => {
    const client = await open(url, { perMessageDeflate: true });
    equal(client.extensions, "");
    client.send(prose(5000));
    equal(await nextMessage(client), prose(5000));
    await closeCleanly(client);
  }));

Deno.test("ws as client, TLS and deflate: each message comes back as it was", () =>
  withEchoServer(async ({ url }) => {
    const client = await open(url, { ca: testAuthority, servername: "localhost" });
    match(url, /^wss:/);
    match(client.extensions, /^permessage-deflate/);
    for (const message of conversation) {
      client.send(message);
      equal(isSame(await nextMessage(client), message), true, `${message.length}`);
    }
    client.send(prose(100_000), { fin: false });
    client.send(prose(10_000), { fin: true });
    equal(await nextMessage(client), `${prose(100_000)}${prose(10_000)}`);
    await closeCleanly(client);
  }, { ...compressing, tls: testGate() }));

Deno.test("ws as client: a bomb is refused with 1009", () =>
  withEchoServer(async ({ url, heard }) => {
    const client = await open(url, { perMessageDeflate: true });
    client.send(new Uint8Array(50_000_000));
    const [code, reason] = await once(client, "close");
    equal(code, 1009);
    match(String(reason), /longer than is allowed/);
    await heard[0]!.until(({ ending }) => ending !== undefined);
    deepEqual(heard[0]!.endings, [
      { cause: "fault", code: 1009, reason: "message-too-big", clean: false },
    ]);
  }, compressing));

Deno.test("ws as client: an origin that is not allowed is answered 403", () =>
  withEchoServer(async ({ url }) => {
    const refused = new WebSocket(url, { origin: "https://evil.example" });
    refused.on("error", () => {});
    const [, response] = await once(refused, "unexpected-response");
    response.resume();
    await once(response, "end");
    equal(response.statusCode, 403);
    await closeCleanly(await open(url, { origin: "https://app.example" }));
  }, { allowsOrigin: (origin) => origin === "https://app.example" }));
