import { deepEqual, equal, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import {
  type PerMessageDeflateOptions,
  type ServerOptions,
  type WebSocket,
  WebSocketServer,
} from "ws";
import { silentLog } from "../../src/base/log.ts";
import type { Connection } from "../../src/net/connection.ts";
import {
  connectWebSocket,
  defaultClientLimits,
  HandshakeFailed,
  type WebSocketClientOptions,
} from "../../src/net/client/websocket_client.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { handshakeFaults } from "../../src/websocket/handshake_fault.ts";
import { offerDeflate } from "../../src/websocket/permessage_deflate.ts";
import { conversation, prose } from "../kit/messages.ts";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { RecordedEvents } from "../kit/recorded_events.ts";
import { testAuthority, testIdentity } from "../kit/test_certificates.ts";

const options: WebSocketClientOptions = {
  clock: systemClock,
  log: silentLog,
  random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
  limits: { ...defaultClientLimits, maxMessageBytes: 16 * 1024 * 1024, closeTimeoutMs: 2000 },
};
const offering = { ...options, extension: offerDeflate({ zlib: nodeZlib }) };

/** Runs `test` against a server of `ws` that treats each client as `serve` does. */
async function withServer(
  serve: (socket: WebSocket) => void,
  test: (url: string) => Promise<void>,
  serverOptions: ServerOptions = {},
): Promise<void> {
  const server = new WebSocketServer({
    ...serverOptions.server === undefined ? { host: "127.0.0.1", port: 0 } : {},
    maxPayload: 16 * 1024 * 1024,
    ...serverOptions,
  });
  serverOptions.server?.listen(0, "127.0.0.1");
  await once(serverOptions.server ?? server, "listening");
  server.on("connection", serve);
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const origin = serverOptions.server === undefined ? "ws://127.0.0.1" : "wss://localhost";
  try {
    await test(`${origin}:${port}/path?query`);
  } finally {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
    serverOptions.server?.close();
  }
}

function echo(socket: WebSocket): void {
  socket.on("message", (data: Uint8Array, isBinary: boolean) => {
    socket.send(data, { binary: isBinary });
  });
}

const servers: readonly (readonly [
  name: string,
  perMessageDeflate: boolean | PerMessageDeflateOptions,
])[] = [
  ["plain", false],
  ["deflate", { threshold: 0 }],
  ["deflate, small windows", { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9 }],
];

/** Sends each message, and compares what comes back. */
async function exchange(connection: Connection, events: RecordedEvents): Promise<void> {
  for (const message of conversation) {
    const count = events.batches.flat().length;
    if (typeof message === "string") connection.send(message);
    else connection.sendBinary(message);
    await events.until(({ batches }) => batches.flat().length > count);
    const answer = events.batches.flat().at(-1);
    if (typeof message === "string") {
      equal(answer?.type === "text" && answer.text === message, true, `${message.length}`);
    } else {
      const bytes = answer?.type === "binary" ? answer.bytes : undefined;
      equal(bytes?.every((byte, at) => byte === message[at]), true, `${message.length}`);
      equal(bytes?.length, message.length);
    }
  }
}

for (const [name, perMessageDeflate] of servers) {
  Deno.test(`ws as server, ${name}: each message comes back as it was`, () =>
    withServer(echo, async (url) => {
      const { connection } = await connectWebSocket(url, offering);
      const events = new RecordedEvents();
      connection.start(events);
      await exchange(connection, events);
      connection.close(1000, "done");
      await events.until(({ ending }) => ending !== undefined);
      deepEqual(events.endings, [{ cause: "local", code: 1000, reason: "done", clean: true }]);
    }, { perMessageDeflate }));

  Deno.test(`ws as server, ${name}: a message in fragments arrives whole, with pings between`, () =>
    withServer((socket) => {
      socket.send(prose(50_000), { fin: false });
      socket.ping();
      socket.send(prose(5), { fin: false });
      socket.once("pong", () => socket.send("end", { fin: true }));
    }, async (url) => {
      const { connection } = await connectWebSocket(url, offering);
      const events = new RecordedEvents();
      connection.start(events);
      await events.until(({ batches }) => batches.length > 0);
      deepEqual(events.texts, [`${prose(50_000)}${prose(5)}end`]);
      connection.terminate();
    }, { perMessageDeflate }));
}

Deno.test("ws as server, TLS and deflate: each message comes back as it was", () => {
  const { certificate, key } = testIdentity("localhost");
  const server = createServer({ cert: certificate, key });
  return withServer(echo, async (url) => {
    const { connection } = await connectWebSocket(url, { ...offering, authorities: testAuthority });
    const events = new RecordedEvents();
    connection.start(events);
    await exchange(connection, events);
    connection.close(1000, "done");
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.clean, true);
    await rejects(connectWebSocket(url, offering), { name: "DialFailed" }, "nobody vouches");
  }, { server, perMessageDeflate: { threshold: 0 } });
});

Deno.test("ws as server: the subprotocol that it chooses is told", () =>
  withServer(echo, async (url) => {
    const { connection, subprotocol } = await connectWebSocket(url, {
      ...options,
      subprotocols: ["nostr", "chat"],
    });
    equal(subprotocol, "chat");
    connection.terminate();
  }, { handleProtocols: () => "chat" }));

Deno.test("ws as server: its close is answered, its code and reason told", () =>
  withServer((socket) => socket.close(4321, "bye"), async (url) => {
    const { connection } = await connectWebSocket(url, options);
    const events = new RecordedEvents();
    connection.start(events);
    await events.until(({ ending }) => ending !== undefined);
    deepEqual(events.endings, [{ cause: "peer", code: 4321, reason: "bye", clean: true }]);
  }));

Deno.test("ws as server: a refusal is a fault with its status", () =>
  withServer(echo, async (url) => {
    const failure = await connectWebSocket(url, options).catch((error: unknown) => error);
    if (!(failure instanceof HandshakeFailed)) throw failure;
    deepEqual(failure.fault, { ...handshakeFaults.unexpectedStatus, status: 401 });
  }, {
    verifyClient: (_: unknown, done: (ok: boolean, code: number) => void) => done(false, 401),
  }));
