import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { utf8 } from "../../../src/base/bytes.ts";
import { silentLog } from "../../../src/base/log.ts";
import {
  connectWebSocket,
  defaultClientLimits,
  HandshakeFailed,
  openWebSocket,
  type WebSocketClientOptions,
} from "../../../src/net/client/websocket_client.ts";
import { nodeSha1 } from "../../../src/net/sha1.ts";
import { acceptFor } from "../../../src/websocket/handshake.ts";
import { handshakeFaults } from "../../../src/websocket/handshake_fault.ts";
import { withEchoServer } from "../../kit/echo_server.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { rawFrame } from "../../kit/raw_frame.ts";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import { RecordedEvents } from "../../kit/recorded_events.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { testAuthority } from "../../kit/test_certificates.ts";
import { testGate } from "../../kit/test_gate.ts";

const url = { authority: "relay.example.com", target: "/" };

function optionsWith(changes: Partial<WebSocketClientOptions> = {}): WebSocketClientOptions {
  return {
    clock: new FakeClock(),
    log: silentLog,
    random: new SeededRandom(1),
    limits: defaultClientLimits,
    ...changes,
  };
}

/** The good answer to a request. */
function answerTo(request: Uint8Array): string {
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(new TextDecoder().decode(request))?.[1];
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${acceptFor(key ?? "", nodeSha1)}\r\n\r\n`;
}

/** A client at one end of a fake wire, a test at the other, which has read the request. */
async function begin(options: WebSocketClientOptions) {
  const [near, far] = duplexPair();
  const opening = openWebSocket(near, url, options);
  // The test will ask; until then a failure is nobody's surprise.
  opening.catch(() => {});
  const [request]: [Uint8Array] = await once(far, "data") as [Uint8Array];
  return { near, far, opening, request };
}

/** The fault that a handshake failed with. */
async function faultOf(opening: Promise<unknown>) {
  const failure = await opening.then(() => undefined, (error: unknown) => error);
  ok(failure instanceof HandshakeFailed);
  return failure.fault;
}

async function settled(...streams: readonly Duplex[]): Promise<void> {
  for (const stream of streams) stream.destroy();
  await new Promise((resolve) => setImmediate(resolve));
}

Deno.test("RFC 6455 §4.1: frames that come with the response, or before anyone reads, are heard", async () => {
  const clock = new FakeClock();
  const { far, near, opening, request } = await begin(optionsWith({ clock }));
  const frame = (payload: string) => rawFrame({ opcode: 1, payload, key: null });
  far.write(new Uint8Array([...utf8(answerTo(request)), ...frame("with it")]));
  const { connection } = await opening;
  far.write(frame("before"));
  await new Promise((resolve) => setImmediate(resolve));
  const events = new RecordedEvents();
  connection.start(events);
  await events.until(({ texts }) => texts.length === 2);
  deepEqual(events.texts, ["with it", "before"]);
  equal(connection.address, "relay.example.com");
  equal(clock.timerCount, 0, "the deadline is over");
  connection.terminate();
  await settled(near, far);
});

Deno.test("RFC 6455 §5.3: a client masks, with a fresh key for each frame", async () => {
  const { far, near, opening, request } = await begin(optionsWith());
  far.write(answerTo(request));
  const { connection } = await opening;
  connection.start(new RecordedEvents());
  connection.send("same");
  connection.send("same");
  const [bytes]: [Uint8Array] = await once(far, "data") as [Uint8Array];
  const [first, second] = [bytes.subarray(0, 10), bytes.subarray(10)];
  deepEqual([first[1], second[1]], [0x84, 0x84]);
  equal(first.every((byte, at) => byte === second[at]), false);
  connection.terminate();
  await settled(near, far);
});

Deno.test("a server that refuses, redirects or talks nonsense is a named fault, and its socket gone", async () => {
  const cases: readonly (readonly [string, object])[] = [
    ["HTTP/1.1 503 x\r\n\r\n", { ...handshakeFaults.unexpectedStatus, status: 503 }],
    ["HTTP/1.1 308 x\r\nLocation: wss://b.example/\r\n\r\n", {
      ...handshakeFaults.redirect,
      status: 308,
      location: "wss://b.example/",
    }],
    ["HTTP/1.1 101 x\r\n\r\n", handshakeFaults.missingUpgrade],
    ["220 mail.example.com\r\n", handshakeFaults.malformedResponse],
    [`HTTP/1.1 101 ${"x".repeat(20_000)}`, handshakeFaults.longResponse],
  ];
  for (const [answer, fault] of cases) {
    const clock = new FakeClock();
    const { near, far, opening } = await begin(optionsWith({ clock }));
    far.write(answer);
    deepEqual(await faultOf(opening), fault);
    deepEqual([near.destroyed, clock.timerCount], [true, 0]);
    await settled(near, far);
  }
});

Deno.test("the error says what was asked, and what came instead", async () => {
  const { near, far, opening } = await begin(optionsWith());
  far.write("HTTP/1.1 301 x\r\nLocation: wss://b.example/\r\n\r\n");
  await rejects(opening, {
    name: "HandshakeFailed",
    message: "the server sends its clients elsewhere (relay.example.com/, 301, wss://b.example/)",
  });
  await settled(near, far);
});

Deno.test("a server that ends without an answer is a fault", async () => {
  const { near, far, opening } = await begin(optionsWith());
  far.end("HTTP/1.1 101 Swi");
  equal(await faultOf(opening), handshakeFaults.missingResponse);
  await settled(near, far);
});

Deno.test("a socket that breaks is the same fault, with the system's error as its cause", async () => {
  const { near, far, opening } = await begin(optionsWith());
  const broken = new Error("reset");
  near.destroy(broken);
  equal(await faultOf(opening), handshakeFaults.missingResponse);
  await rejects(opening, { cause: broken });
  await settled(near, far);
});

Deno.test("a server that does not answer is given up at the deadline, and the error says which", async () => {
  const clock = new FakeClock();
  const { near, far, opening } = await begin(optionsWith({ clock }));
  far.write("HTTP/1.1 101");
  clock.advance(defaultClientLimits.handshakeTimeoutMs - 1);
  equal(near.destroyed, false);
  clock.advance(1);
  const fault = await faultOf(opening);
  equal(fault.name, "late-response");
  match(fault.sentence, /within 10000 ms/);
  equal(near.destroyed, true);
  await settled(near, far);
});

Deno.test("our client and our server, over TCP", () =>
  withEchoServer(async ({ url, heard }) => {
    const { connection } = await connectWebSocket(url, optionsWith({ clock: systemClock }));
    const events = new RecordedEvents();
    connection.start(events);
    connection.send("hello");
    await events.until(({ texts }) => texts.length === 1);
    connection.close(1000, "bye");
    await events.until(({ ending }) => ending !== undefined);
    deepEqual(events.endings, [{ cause: "local", code: 1000, reason: "bye", clean: true }]);
    await heard[0]!.until(({ ending }) => ending !== undefined);
    deepEqual(heard[0]!.endings, [{ cause: "peer", code: 1000, reason: "bye", clean: true }]);
  }));

Deno.test("a Unix socket is reached by its file", async () => {
  const directory = await Deno.makeTempDir();
  const at = { type: "unix", path: `${directory}/echo.sock` } as const;
  await withEchoServer(async ({ url }) => {
    const { connection } = await connectWebSocket(
      `${url}:/path`,
      optionsWith({ clock: systemClock }),
    );
    const events = new RecordedEvents();
    connection.start(events);
    connection.send("hello");
    await events.until(({ texts }) => texts.length === 1);
    connection.terminate();
    await events.until(({ ending }) => ending !== undefined);
  }, { at });
  await Deno.remove(directory, { recursive: true });
});

Deno.test("our client and our server, over TLS", () =>
  withEchoServer(async ({ url }) => {
    const options = optionsWith({ clock: systemClock, authorities: testAuthority });
    const { connection } = await connectWebSocket(url.replace("127.0.0.1", "localhost"), options);
    const events = new RecordedEvents();
    connection.start(events);
    connection.send("hello");
    await events.until(({ texts }) => texts.length === 1);
    connection.close(1000, "bye");
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.clean, true);
    const untrusting = optionsWith({ clock: systemClock });
    await rejects(connectWebSocket(url, untrusting), { name: "DialFailed" });
  }, { tls: testGate() }));

Deno.test("a server that is not there is told with the system's code", async () => {
  const taken = createServer();
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  await new Promise((resolve) => taken.close(resolve));
  const clock = new FakeClock();
  await rejects(connectWebSocket(`ws://127.0.0.1:${port}/`, optionsWith({ clock })), {
    code: "ECONNREFUSED",
  });
  equal(clock.timerCount, 0);
});

Deno.test("a server that accepts and says nothing ends a wss handshake at its deadline", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const limits = { ...defaultClientLimits, handshakeTimeoutMs: 50 };
  const options = optionsWith({ clock: systemClock, limits });
  await rejects(connectWebSocket(`wss://127.0.0.1:${port}/`, options), {
    name: "DialFailed",
    code: "timeout",
  });
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

Deno.test("what is no WebSocket URL is a mistake of the program", async () => {
  await rejects(connectWebSocket("https://relay.example.com/", optionsWith()), TypeError);
});

Deno.test("what throws while hands are shaken is a rejection and a closed socket", async () => {
  const bug = () => {
    throw new Error("bug");
  };
  const { near, far, opening, request } = await begin(optionsWith());
  near.pause = bug;
  far.write(answerTo(request));
  await rejects(opening, /bug/);
  equal(near.destroyed, true);
});
