import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { WebSocket as WsClient } from "ws";
import { type Log, silentLog } from "../../../src/base/log.ts";
import type { Connection } from "../../../src/net/connection.ts";
import {
  type ConnectionInfo,
  defaultListenLimits,
  listen,
  type Listener,
  type ListenOptions,
} from "../../../src/net/server/listen.ts";
import { createGates } from "../../../src/net/server/admission.ts";
import { networkList } from "../../../src/net/address/network.ts";
import { parseListenAddress } from "../../../src/net/address/listen_address.ts";
import { rawFrame } from "../../kit/raw_frame.ts";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import { RecordedEvents } from "../../kit/recorded_events.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

const limits = { ...defaultListenLimits, maxMessageBytes: 2_000_000, closeTimeoutMs: 500 };

/** One connection as the server saw it. */
interface Accepted {
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  readonly events: RecordedEvents;
}

/** A server that echoes and remembers whom it met. */
class EchoServer {
  readonly accepted: Accepted[] = [];
  readonly errors: string[] = [];
  listener!: Listener;
  readonly log: Log = { ...silentLog, error: (message) => this.errors.push(message) };

  get port(): number {
    return this.listener.at.type === "tcp" ? this.listener.at.port : 0;
  }

  async open(options: Partial<ListenOptions> = {}): Promise<void> {
    this.listener = await listen({
      at: { type: "tcp", host: "127.0.0.1", port: 0 },
      clock: systemClock,
      log: this.log,
      limits,
      onConnection: (connection, info) => this.#echo(connection, info),
      onRequest: (request, { address }) => new Response(`${request.method} from ${address}`),
      ...options,
    });
  }

  #echo(connection: Connection, info: ConnectionInfo): void {
    const events = new RecordedEvents();
    const remember = events.messages.bind(events);
    events.messages = (batch) => {
      for (const message of batch) {
        if (message.type === "text") connection.send(message.text);
        else connection.sendBinary(message.bytes);
      }
      remember(batch);
    };
    this.accepted.push({ connection, info, events });
    connection.start(events);
  }
}

/** Runs `test` against a server, and sees that nothing of it is left. */
async function withServer(
  test: (server: EchoServer) => Promise<void>,
  options: Partial<ListenOptions> = {},
): Promise<void> {
  const server = new EchoServer();
  await server.open(options);
  try {
    await test(server);
  } finally {
    for (const { connection } of server.accepted) connection.terminate();
    await server.listener.close();
    equal(server.listener.connectionCount, 0);
  }
}

async function wsClient(url: string, options = {}): Promise<WsClient> {
  const client = new WsClient(url, { perMessageDeflate: false, ...options });
  await once(client, "open");
  return client;
}

async function nextMessage(client: WsClient): Promise<string | number[]> {
  const [data, isBinary] = await once(client, "message");
  return isBinary ? [...data] : data.toString();
}

async function closeOf(client: WsClient): Promise<[code: number, reason: string]> {
  const [code, reason] = await once(client, "close");
  return [code, reason.toString()];
}

/** What a server answers to an upgrade that fails, as status and headers. */
async function refusal(url: string, options = {}) {
  const client = new WsClient(url, options);
  client.on("error", () => {});
  const [, response] = await once(client, "unexpected-response");
  response.resume();
  await once(response, "end");
  return { status: response.statusCode, headers: response.headers };
}

const handshake = [
  "GET / HTTP/1.1",
  "Host: test",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

/** A client that speaks bytes, past its handshake. */
async function rawClient(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.write(handshake);
  const [head] = await once(socket, "data");
  match(new TextDecoder().decode(head), /^HTTP\/1\.1 101 /);
  return socket;
}

/** All that comes until the other side ends, after `bytes` were sent. */
async function rawAnswer(socket: Socket, ...bytes: readonly (Uint8Array | string)[]) {
  const chunks: number[] = [];
  socket.on("data", (chunk: Uint8Array) => chunks.push(...chunk));
  for (const piece of bytes) socket.write(piece);
  await once(socket, "end");
  socket.destroy();
  return Uint8Array.from(chunks);
}

Deno.test("ws: text and binary are echoed, empty and long ones too", () =>
  withServer(async ({ listener }) => {
    const client = await wsClient(listener.url);
    for (const text of ["", "hello", "é🎉", "x".repeat(125), "x".repeat(126), "x".repeat(65_536)]) {
      client.send(text);
      equal(await nextMessage(client), text);
    }
    client.send(Uint8Array.of(0, 255));
    deepEqual(await nextMessage(client), [0, 255]);
    client.close();
    await closeOf(client);
  }));

Deno.test("ws: a fragmented message is echoed whole, with a ping between", () =>
  withServer(async ({ listener }) => {
    const client = await wsClient(listener.url);
    const ponged = once(client, "pong");
    client.send("Hel", { fin: false });
    client.ping("x");
    client.send("lo", { fin: true });
    equal(await nextMessage(client), "Hello");
    equal(String((await ponged)[0]), "x");
    client.terminate();
    await once(client, "close");
  }));

Deno.test("ws: messages of a megabyte go both ways and stay what they are", () =>
  withServer(async ({ listener }) => {
    const client = await wsClient(listener.url);
    const texts = Array.from({ length: 4 }, (_, i) => `${i}é`.repeat(350_000));
    const received: string[] = [];
    client.on("message", (data: unknown) => received.push(String(data)));
    for (const text of texts) client.send(text);
    while (received.length < texts.length) await once(client, "message");
    equal(received.every((text, i) => text === texts[i]), true);
    client.terminate();
    await once(client, "close");
  }));

Deno.test("ws: many small messages arrive in order", () =>
  withServer(async ({ listener, accepted }) => {
    const client = await wsClient(listener.url);
    const received: string[] = [];
    client.on("message", (data: unknown) => received.push(String(data)));
    const texts = Array.from({ length: 5000 }, (_, i) => `message ${i}`);
    for (const text of texts) client.send(text);
    client.close();
    await closeOf(client);
    deepEqual(accepted[0]?.events.texts, texts);
    deepEqual(received, texts.slice(0, received.length));
  }));

Deno.test("ws: our ping gets its pong", () =>
  withServer(async ({ listener, accepted }) => {
    const client = await wsClient(listener.url);
    const pinged = once(client, "ping");
    const before = accepted[0]!.connection.lastHeardMs;
    accepted[0]!.connection.ping();
    await pinged;
    client.send("behind the pong");
    await nextMessage(client);
    equal(accepted[0]!.connection.lastHeardMs >= before, true);
    client.terminate();
    await once(client, "close");
  }));

Deno.test("ws: the client closes, and gets its code back", () =>
  withServer(async ({ listener, accepted }) => {
    const client = await wsClient(listener.url);
    client.close(4321, "bye");
    deepEqual(await closeOf(client), [4321, "bye"]);
    const { events } = accepted[0]!;
    await events.until(({ ending }) => ending !== undefined);
    deepEqual(events.endings, [{ cause: "peer", code: 4321, reason: "bye", clean: true }]);
  }));

Deno.test("ws: the server closes, and the client answers", () =>
  withServer(async ({ listener, accepted }) => {
    const client = await wsClient(listener.url);
    accepted[0]!.connection.close(1001, "going away");
    deepEqual(await closeOf(client), [1001, "going away"]);
    const { events } = accepted[0]!;
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.cause, "local");
    equal(events.ending?.clean, true);
  }));

Deno.test("ws: a client that vanishes ends its connection once", () =>
  withServer(async ({ listener, accepted }) => {
    const client = await wsClient(listener.url);
    client.terminate();
    await once(client, "close");
    const { events } = accepted[0]!;
    await events.until(({ ending }) => ending !== undefined);
    equal(events.endings.length, 1);
    equal(events.ending?.clean, false);
  }));

Deno.test("NIP01-63 ws: a message over the limit closes 1009", () =>
  withServer(async ({ listener, accepted }) => {
    const client = await wsClient(listener.url);
    client.on("error", () => {});
    client.send("x".repeat(1001));
    equal((await closeOf(client))[0], 1009);
    const { events } = accepted[0]!;
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.reason, "frame-too-big");
  }, { limits: { ...limits, maxMessageBytes: 1000 } }));

Deno.test("ws: a client of the runtime is understood, too", () =>
  withServer(async ({ listener }) => {
    const client = new WebSocket(listener.url);
    await once(client, "open");
    client.send("hello");
    const [{ data }] = await once(client, "message");
    equal(data, "hello");
    client.close();
    await once(client, "close");
  }));

Deno.test("RFC 6455 §5.1: an unmasked frame closes 1002", () =>
  withServer(async ({ port }) => {
    const answer = await rawAnswer(await rawClient(port), rawFrame({ opcode: 1, key: null }));
    deepEqual([...answer.subarray(2, 4)], [1002 >> 8, 1002 & 0xff]);
  }));

Deno.test("RFC 6455 §8.1: text that is not UTF-8 closes 1007", () =>
  withServer(async ({ port }) => {
    const bad = rawFrame({ opcode: 1, payload: Uint8Array.of(0xc3, 0x28) });
    const answer = await rawAnswer(await rawClient(port), bad);
    deepEqual([...answer.subarray(2, 4)], [1007 >> 8, 1007 & 0xff]);
  }));

Deno.test("frames that come with the handshake are not lost", () =>
  withServer(async ({ port, accepted }) => {
    const socket = connect(port, "127.0.0.1");
    const request = new TextEncoder().encode(handshake);
    const frames = [rawFrame({ opcode: 1, payload: "early" }), rawFrame({ opcode: 8 })];
    const answer = await rawAnswer(
      socket,
      Uint8Array.from([...request, ...frames[0]!, ...frames[1]!]),
    );
    deepEqual(accepted[0]?.events.texts, ["early"]);
    match(new TextDecoder().decode(answer), /^HTTP\/1\.1 101 /);
  }));

Deno.test("a peer that does not read fills the queue, and terminate ends it", () =>
  withServer(async ({ port, accepted }) => {
    const socket = await rawClient(port);
    socket.pause();
    const { connection, events } = accepted[0]!;
    const text = "x".repeat(500_000);
    while (connection.queuedBytes <= limits.highWaterBytes) {
      for (let i = 0; i < 8; i++) connection.send(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    connection.terminate();
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.cause, "terminated");
    equal(connection.queuedBytes, 0);
    socket.destroy();
  }));

Deno.test("a peer that does not read cannot keep a close from finishing", () =>
  withServer(async ({ port, accepted }) => {
    const socket = await rawClient(port);
    socket.on("error", () => {});
    socket.pause();
    const { connection, events } = accepted[0]!;
    while (connection.queuedBytes <= limits.highWaterBytes) {
      connection.send("x".repeat(4_000_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    connection.close(1008, "too slow");
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.cause, "timeout");
    socket.destroy();
  }, { limits: { ...limits, closeTimeoutMs: 50 } }));

Deno.test("a slow reader that reads again gets everything, and drained is told", () =>
  withServer(async ({ port, accepted }) => {
    const socket = await rawClient(port);
    socket.pause();
    const { connection, events } = accepted[0]!;
    let sentBytes = 0;
    while (connection.queuedBytes <= limits.highWaterBytes) {
      connection.send("x".repeat(1_000_000));
      sentBytes += 1_000_010;
      await new Promise((resolve) => setImmediate(resolve));
    }
    connection.requestDrained();
    let readBytes = 0;
    const all = Promise.withResolvers<void>();
    socket.on("data", (chunk: Uint8Array) => {
      readBytes += chunk.length;
      if (readBytes === sentBytes) all.resolve();
    });
    socket.resume();
    await all.promise;
    await events.until(({ drainedCount }) => drainedCount === 1);
    socket.destroy();
  }));

Deno.test("a peer is sent its window until it answers a ping, over a real socket", () =>
  withServer(async ({ port, accepted, listener }) => {
    const silent = await rawClient(port);
    const { connection } = accepted[0]!;
    let readBytes = 0;
    silent.on("data", (chunk: Uint8Array) => void (readBytes += chunk.length));
    const reader = await wsClient(listener.url);
    let readCount = 0;
    const all = Promise.withResolvers<void>();
    reader.on("message", () => ++readCount === 2000 && all.resolve());
    for (let i = 0; i < 2000; i++) {
      connection.send("x".repeat(1000));
      accepted[1]!.connection.send("x".repeat(1000));
    }
    await all.promise;
    equal(accepted[1]!.connection.queuedBytes, 0);
    // One write of 64 KiB was more than the window.
    equal(readBytes > 32_768 && readBytes < 65_536, true, `${readBytes} bytes`);
    equal(connection.queuedBytes > 1_900_000, true);
    silent.destroy();
    reader.terminate();
  }, { unread: { initialBytes: 32_768, maxBytes: 4_194_304, random: new SeededRandom(1) } }));

Deno.test("the handshake's facts are told with the connection", () =>
  withServer(async ({ listener, accepted }) => {
    const client = new WsClient(`${listener.url}/path?query=1`, ["nostr", "chat"], {
      headers: { "x-real": "yes" },
    });
    await once(client, "open");
    const { info } = accepted[0]!;
    equal(client.protocol, "chat");
    deepEqual(
      [info.address, info.secure, info.target, info.subprotocol, info.headers.get("x-real")],
      ["127.0.0.1", false, "/path?query=1", "chat", "yes"],
    );
    client.terminate();
    await once(client, "close");
  }, { chooseSubprotocol: (offered) => offered.find((name) => name === "chat") }));

Deno.test("other requests are answered as web requests", () =>
  withServer(async ({ port }) => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    equal(await response.text(), "GET from 127.0.0.1");
  }));

Deno.test("a request handler that fails is a 500 and a line in the log", () =>
  withServer(async (server) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`);
    equal(response.status, 500);
    await response.body?.cancel();
    deepEqual(server.errors, ["request handler failed"]);
  }, { onRequest: () => Promise.reject(new Error("bug")) }));

Deno.test("a connection handler that fails closes 1011 and is a line in the log", () =>
  withServer(async (server) => {
    const client = new WsClient(server.listener.url);
    deepEqual(await closeOf(client), [1011, "internal error"]);
    deepEqual(server.errors, ["connection not accepted"]);
  }, {
    onConnection() {
      throw new Error("bug");
    },
  }));

Deno.test("RFC 6455 §4.2.2: a path that does not speak WebSocket is 404", () =>
  withServer(async ({ listener }) => {
    equal((await refusal(`${listener.url}/other?x`)).status, 404);
    const client = await wsClient(`${listener.url}/here?x`);
    client.terminate();
    await once(client, "close");
  }, { acceptsPath: (path) => path === "/here" }));

Deno.test("RFC 6455 §4.4: another version is 426 and told which would do", () =>
  withServer(async ({ listener }) => {
    const { status, headers } = await refusal(listener.url, { protocolVersion: 8 });
    deepEqual([status, headers["sec-websocket-version"]], [426, "13"]);
  }));

Deno.test("RFC 9110 §7.8: an upgrade to another protocol is ignored, and the request answered", () =>
  withServer(async ({ port }) => {
    const head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\n";
    const socket = connect(port, "127.0.0.1");
    const answer = await rawAnswer(socket, `${head}Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n`);
    match(new TextDecoder().decode(answer), /^HTTP\/1\.1 200 [^]*GET from 127\.0\.0\.1/);
  }));

Deno.test("beyond the bound on connections there is 503, and room again after a close", () =>
  withServer(async ({ listener, accepted }) => {
    const first = await wsClient(listener.url);
    equal(listener.connectionCount, 1);
    equal((await refusal(listener.url)).status, 503);
    first.close();
    await accepted[0]!.events.until(({ ending }) => ending !== undefined);
    const second = await wsClient(listener.url);
    second.terminate();
    await once(second, "close");
  }, { limits: { ...limits, maxConnections: 1 } }));

Deno.test("what is not HTTP is 400", () =>
  withServer(async ({ port }) => {
    const answer = await rawAnswer(connect(port, "127.0.0.1"), "nonsense\r\n\r\n");
    match(new TextDecoder().decode(answer), /^HTTP\/1\.1 400 /);
  }));

Deno.test("a head beyond the limit is 431", () =>
  withServer(async ({ port }) => {
    const head = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(5000)}\r\n\r\n`;
    const answer = await rawAnswer(connect(port, "127.0.0.1"), head);
    match(new TextDecoder().decode(answer), /^HTTP\/1\.1 431 /);
  }, { limits: { ...limits, maxHeaderBytes: 2000 } }));

Deno.test("an agent that keeps its connection alive asks again on the same one", () =>
  withServer(async ({ port }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<Socket>();
    for (let count = 0; count < 10; count++) {
      const request = get({ port, host: "127.0.0.1", agent });
      request.on("socket", (socket: Socket) => sockets.add(socket));
      const [response] = await once(request, "response");
      equal(response.statusCode, 200);
      response.resume();
      await once(response, "end");
      // The agent takes its connection back a turn later.
      await new Promise((resolve) => setImmediate(resolve));
    }
    equal(sockets.size, 1);
    agent.destroy();
  }));

/** How many requests the server was asked while `clients` sent `count` each and read nothing. */
async function unreadPipelines(server: EchoServer, clients: number, count: number) {
  const text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(count);
  const sockets = Array.from({ length: clients }, () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(text);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return () => sockets.forEach((socket) => socket.destroy());
}

Deno.test("of requests that are piled up without reading, one of each connection is in hand", async () => {
  let inHand = 0;
  let most = 0;
  await withServer(async (server) => {
    const end = await unreadPipelines(server, 20, 2000);
    // Another client is served meanwhile.
    for (let count = 0; count < 20; count++) {
      const response = await fetch(`http://127.0.0.1:${server.port}/`);
      await response.body?.cancel();
    }
    equal(most <= 21, true, `${most} requests at a time`);
    end();
  }, {
    async onRequest() {
      most = Math.max(most, ++inHand);
      await new Promise((resolve) => setImmediate(resolve));
      inHand--;
      return new Response("x".repeat(5_000));
    },
  });
});

Deno.test("a client that does not read its answers is cut off in time, and one that reads is not", () =>
  withServer(async (server) => {
    const end = await unreadPipelines(server, 1, 2000);
    const reader = connect(server.port, "127.0.0.1");
    reader.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(reader, "data");
    await once(reader, "close");
    equal(server.errors.length, 0);
    end();
  }, {
    limits: { ...limits, handshakeTimeoutMs: 300 },
    onRequest: () => new Response("x".repeat(1_000_000)),
  }));

Deno.test("a client that asks too fast is 429, and another one is not", () => {
  const perClient = {
    maxInside: 100,
    rate: { perSecond: 1000, burst: 1000 },
    prefix: { ipv4Bits: 32, ipv6Bits: 64 },
    exempt: networkList([]),
  };
  const clock = { monotonicMs: () => 0 };
  const requestRate = { perSecond: 1, burst: 3 };
  const gates = createGates({ maxTotal: 100, perClient, requestRate }, clock);
  return withServer(async ({ port }) => {
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      statuses.push(response.status);
      await response.body?.cancel();
    }
    deepEqual(statuses, [200, 200, 200, 429]);
    equal(gates.requests.pass("192.0.2.1"), undefined);
  }, { gates });
});

Deno.test("a chunked body of 400 kB is 413 and nothing in the log", () =>
  withServer(async (server) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    const head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const answer = await rawAnswer(socket, head, `61a80\r\n${"x".repeat(400_000)}\r\n0\r\n\r\n`);
    match(new TextDecoder().decode(answer), /^HTTP\/1\.1 413 /);
    deepEqual(server.errors, []);
  }));

Deno.test("posts that are given up half way are nothing in the log", () =>
  withServer(async (server) => {
    for (let count = 0; count < 20; count++) {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
      await once(socket, "connect");
      socket.resetAndDestroy();
    }
    const response = await fetch(`http://127.0.0.1:${server.port}/`);
    equal(await response.text(), "GET from 127.0.0.1");
    deepEqual(server.errors, []);
  }));

Deno.test("RFC 9110 §9.3.6: a tunnel is 501, and its connection ends", () =>
  withServer(async ({ port }) => {
    const socket = connect(port, "127.0.0.1");
    const answer = await rawAnswer(socket, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n");
    match(new TextDecoder().decode(answer), /^HTTP\/1\.1 501 [^]*connection: close/);
  }));

Deno.test("an upgrade behind a request is answered behind it", () =>
  withServer(async ({ port }) => {
    const socket = connect(port, "127.0.0.1");
    const frame = rawFrame({ opcode: 8 });
    const answer = await rawAnswer(socket, `GET /a HTTP/1.1\r\nHost: x\r\n\r\n${handshake}`, frame);
    const text = new TextDecoder("latin1").decode(answer);
    match(text, /^HTTP\/1\.1 200 OK[^]*GET from 127\.0\.0\.1HTTP\/1\.1 101 /);
  }, {
    async onRequest(request, { address }) {
      await new Promise((resolve) => setImmediate(resolve));
      return new Response(`${request.method} from ${address}`);
    },
  }));

Deno.test("RFC 9112 §3.2: an upgrade without one valid Host, or with a body, is 400", () =>
  withServer(async ({ port, accepted }) => {
    const heads = [
      handshake.replace("Host: test\r\n", ""),
      handshake.replace("Host: test", "Host: test\r\nHost: test"),
      handshake.replace("Host: test", "Host: te st"),
      handshake.replace("Host: test", "Host: test\r\nContent-Length: 5"),
      handshake.replace("Host: test", "Host: test\r\nTransfer-Encoding: chunked"),
    ];
    for (const head of heads) {
      const answer = await rawAnswer(connect(port, "127.0.0.1"), head);
      match(new TextDecoder().decode(answer), /^HTTP\/1\.1 400 /);
    }
    equal(accepted.length, 0);
  }));

Deno.test("RFC 9112 §3.2.2: an upgrade may name its whole URL", () =>
  withServer(async ({ port }) => {
    const head = handshake.replace("GET / ", "GET http://test/here?x ");
    const answer = await rawAnswer(connect(port, "127.0.0.1"), head, rawFrame({ opcode: 8 }));
    match(new TextDecoder("latin1").decode(answer), /^HTTP\/1\.1 101 /);
  }, { acceptsPath: (path) => path === "/here" }));

Deno.test("a client that dawdles over its head is 408", () =>
  withServer(async ({ port }) => {
    const answer = await rawAnswer(connect(port, "127.0.0.1"), "GET / HTTP/1.1\r\nHost: x\r\n");
    match(new TextDecoder().decode(answer), /^HTTP\/1\.1 408 /);
  }, { limits: { ...limits, handshakeTimeoutMs: 100 } }));

Deno.test("closing stops accepting and waits for the connections that are open", async () => {
  const server = new EchoServer();
  await server.open();
  const client = await wsClient(server.listener.url);
  let closed = false;
  const closing = server.listener.close().then(() => closed = true);
  await rejects(once(connect(server.port, "127.0.0.1"), "connect"));
  client.send("still served");
  equal(await nextMessage(client), "still served");
  equal(closed, false);
  server.accepted[0]!.connection.close(1001, "shutdown");
  equal((await closeOf(client))[0], 1001);
  await closing;
  await server.listener.close();
});

Deno.test("a Unix socket serves, over one that was left behind, with the mode asked for", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/relay.sock`;
  const at = parseListenAddress(`unix:${path}`)!;
  const stale = new EchoServer();
  await stale.open({ at });
  await Deno.rename(path, `${path}.kept`);
  await stale.listener.close();
  await Deno.rename(`${path}.kept`, path);
  await withServer(async ({ listener, accepted }) => {
    equal(listener.url, `ws+unix:${path}`);
    equal((await Deno.lstat(path)).mode! & 0o777, 0o600);
    const client = await wsClient(`${listener.url}:/`);
    client.send("hello");
    equal(await nextMessage(client), "hello");
    equal(accepted[0]?.info.address, "unix");
    client.terminate();
    await once(client, "close");
  }, { at, socketMode: 0o600 });
  await Deno.remove(directory, { recursive: true });
});

Deno.test("an address that is taken is the system's error", () =>
  withServer(async ({ port }) => {
    const second = new EchoServer();
    await rejects(second.open({ at: { type: "tcp", host: "127.0.0.1", port } }), {
      code: "EADDRINUSE",
    });
  }));
