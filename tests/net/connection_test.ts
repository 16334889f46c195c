import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { duplexPair } from "node:stream";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { concat, SharedBytes, utf8 } from "../../src/base/bytes.ts";
import { silentLog } from "../../src/base/log.ts";
import {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
} from "../../src/net/connection.ts";
import { Turns } from "../../src/net/turns.ts";
import { queued } from "../kit/queued.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { acceptDeflate } from "../../src/websocket/permessage_deflate.ts";
import type { Peer, PeerEvents } from "../../src/relay/peer.ts";
import { Protocol } from "../../src/websocket/protocol.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { closePayload, rawFrame } from "../kit/raw_frame.ts";
import { RecordedEvents } from "../kit/recorded_events.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SlowStream } from "../kit/slow_stream.ts";

const limits = { closeTimeoutMs: 1000, highWaterBytes: 100_000, lowWaterBytes: 10_000 };
const random = { bytes: (length: number) => new Uint8Array(length).fill(0x5a) };

/** So much may be sent to a peer that has not shown that it reads. */
const unread = { initialBytes: 10_000, maxBytes: 1_000_000, random: new SeededRandom(1) };

/** A server's connection on a stream that the test plays. */
function onSlowStream(options: Partial<ConnectionOptions> = {}) {
  const stream = new SlowStream({ allowHalfOpen: true });
  const clock = new FakeClock();
  const events = new RecordedEvents();
  const protocol = new Protocol({ role: "server", maxMessageBytes: 1000 });
  const connection = new Connection({
    socket: stream,
    protocol,
    address: "test",
    clock,
    log: silentLog,
    limits,
    ...options,
  });
  return { stream, clock, events, connection };
}

/** Client and server on two ends of a fake wire. */
function pair() {
  const [near, far] = duplexPair();
  const clock = new FakeClock();
  const base = { address: "test", clock, log: silentLog, limits };
  const maxMessageBytes = 1000;
  const client = new Connection({
    ...base,
    socket: near,
    protocol: new Protocol({ role: "client", maxMessageBytes, random }),
  });
  const server = new Connection({
    ...base,
    socket: far,
    protocol: new Protocol({ role: "server", maxMessageBytes }),
  });
  const heard = { client: new RecordedEvents(), server: new RecordedEvents() };
  client.start(heard.client);
  server.start(heard.server);
  return { client, server, heard, clock };
}

/** Lets promises, ticks and streams come to rest. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const text = (text: string) => ({ type: "text", text });

Deno.test("a connection has the shape of the relay's peer, and its events that of the session's", () => {
  const { connection, stream } = onSlowStream();
  const peer: Peer = connection;
  const session: PeerEvents = { messages() {}, drained() {}, closed() {} };
  const events: ConnectionEvents = session;
  equal(peer.address, "test");
  connection.start(events);
  stream.destroy();
});

Deno.test("the messages of one read come in one batch", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  const frames = ["a", "b"].flatMap((payload) => [...rawFrame({ opcode: 1, payload })]);
  stream.push(Uint8Array.from(frames));
  await rest();
  stream.push(rawFrame({ opcode: 1, payload: "c" }));
  await rest();
  deepEqual(events.batches, [[text("a"), text("b")], [text("c")]]);
  connection.terminate();
});

Deno.test("what came with the handshake is heard first", async () => {
  const clock = new FakeClock();
  const stream = new SlowStream();
  const connection = new Connection({
    socket: stream,
    head: rawFrame({ opcode: 1, payload: "head" }),
    protocol: new Protocol({ role: "server", maxMessageBytes: 1000 }),
    address: "test",
    clock,
    log: silentLog,
    limits,
  });
  stream.push(rawFrame({ opcode: 1, payload: "next" }));
  const events = new RecordedEvents();
  await rest();
  connection.start(events);
  await events.until(({ batches }) => batches.length === 2);
  deepEqual(events.texts, ["head", "next"]);
  throws(() => connection.start(events), BrokenInvariant);
  connection.terminate();
});

Deno.test("all that one turn sends leaves in one write", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  connection.send("a");
  connection.sendShared(utf8("["), new SharedBytes(utf8("b")), utf8("]"));
  connection.sendBinary(utf8("c"));
  connection.ping();
  equal(stream.writes.length, 0);
  equal(connection.queuedBytes, 13);
  await rest();
  deepEqual(stream.writes.map((write) => write.length), [13]);
  equal(connection.queuedBytes, 0);
  connection.terminate();
});

Deno.test("while a write is under way, what follows is gathered into one", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  stream.stick();
  connection.send("first");
  await rest();
  for (let i = 0; i < 5; i++) {
    connection.send("more");
    await rest();
  }
  equal(stream.writes.length, 1);
  equal(connection.queuedBytes, 7 + 5 * 6);
  stream.release();
  await rest();
  deepEqual(stream.writes.map((write) => write.length), [7, 30]);
  connection.terminate();
});

Deno.test("what a peer has not read for long leaves in writes of bounded length", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  stream.stick();
  connection.send("first");
  await rest();
  const body = new SharedBytes(new Uint8Array(1000).fill(0x61));
  for (let i = 0; i < 200; i++) connection.sendShared(utf8("["), body, utf8("]"));
  await rest();
  equal(connection.queuedBytes, 7 + 200 * 1006);
  stream.release();
  await rest();
  deepEqual(stream.writes.map(({ length }) => length), [7, 65 * 1006, 65 * 1006, 65 * 1006, 5030]);
  equal(connection.queuedBytes, 0);
  connection.terminate();
});

Deno.test("memory that was written is used again only after it has left", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  for (let i = 0; i < 20; i++) {
    connection.send(`message ${i}`);
    await rest();
  }
  deepEqual(
    stream.writes.map((write) => new TextDecoder().decode(write.subarray(2))),
    Array.from({ length: 20 }, (_, i) => `message ${i}`),
  );
  connection.terminate();
});

Deno.test("drained is told once for each time it was asked for, when little is queued", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  stream.stick();
  connection.send("x".repeat(limits.lowWaterBytes + 1));
  connection.requestDrained();
  connection.requestDrained();
  await rest();
  equal(events.drainedCount, 0, "much is queued");
  stream.release();
  await rest();
  equal(events.drainedCount, 1);
  connection.send("x".repeat(limits.highWaterBytes + 1));
  await rest();
  equal(events.drainedCount, 1, "nobody asked");
  connection.requestDrained();
  await rest();
  equal(events.drainedCount, 2, "nothing is queued");
  connection.terminate();
  connection.requestDrained();
  await rest();
  equal(events.drainedCount, 2, "it is over");
});

Deno.test("RFC 6455 §5.5.3: pings of a peer that does not read are answered when it does, the last", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  stream.stick();
  connection.send("x".repeat(limits.highWaterBytes));
  await rest();
  const before = connection.queuedBytes;
  for (const payload of ["a", "b", "c"]) stream.push(rawFrame({ opcode: 9, payload }));
  await rest();
  equal(connection.queuedBytes, before);
  stream.release();
  await rest();
  deepEqual(stream.writes.at(-1), rawFrame({ opcode: 10, payload: "c", key: null }));
  connection.terminate();
});

Deno.test("lastHeardMs is the time of the last bytes, whatever they were", async () => {
  const { connection, stream, clock, events } = onSlowStream();
  connection.start(events);
  equal(connection.lastHeardMs, 0);
  clock.advance(500);
  stream.push(rawFrame({ opcode: 10 }));
  await rest();
  clock.advance(500);
  equal(connection.lastHeardMs, 500);
  connection.terminate();
});

Deno.test("a paused connection hears nothing until it is resumed", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  connection.pause();
  stream.push(rawFrame({ opcode: 1, payload: "waits" }));
  await rest();
  deepEqual(events.texts, []);
  connection.resume();
  await rest();
  deepEqual(events.texts, ["waits"]);
  connection.terminate();
});

Deno.test("a peer that reads gets everything, however small its window was", async () => {
  const { connection, stream, events, clock } = onSlowStream({ unread });
  const peer = new Protocol({ role: "client", maxMessageBytes: 1000, random });
  connection.start(events);
  const texts = Array.from({ length: 3000 }, (_, at) => `${at} ${"x".repeat(900)}`);
  for (const text of texts) connection.send(text);
  const heard: string[] = [];
  for (let readCount = 0; heard.length < texts.length; await rest()) {
    for (; readCount < stream.writes.length; readCount++) {
      const read = peer.receive(stream.writes[readCount]!);
      for (const event of read) if (event.type === "text") heard.push(event.text);
      const pongs = peer.takeOutput();
      if (pongs !== undefined) stream.push(pongs.slice());
      peer.recycleOutput();
    }
  }
  deepEqual(heard, texts);
  equal(stream.writes.length < 100, true);
  equal(clock.timerCount, 0);
  connection.terminate();
});

Deno.test("a peer that does not read is shed with a close frame, and reset though all has left", async () => {
  const { connection, stream, clock, events } = onSlowStream({ unread });
  connection.start(events);
  for (let i = 0; i < 100; i++) {
    connection.send("x".repeat(1000));
    await rest();
  }
  equal(stream.writes.length, 10);
  equal(connection.queuedBytes > 90_000, true);
  connection.shed(1008, "too slow");
  await rest();
  const closeFrame = rawFrame({ opcode: 8, payload: closePayload(1008, "too slow"), key: null });
  deepEqual(stream.writes.slice(10), [closeFrame]);
  equal(stream.writableLength, 0);
  clock.advance(limits.closeTimeoutMs);
  await rest();
  equal(events.ending?.cause, "timeout");
  equal(stream.resetCount, 1);
  equal(clock.timerCount, 0);
});

Deno.test("the pong that lets a connection go on is heard while it is paused", async () => {
  const { connection, stream, events, clock } = onSlowStream({ unread });
  connection.start(events);
  for (let i = 0; i < 20; i++) connection.send("x".repeat(5000));
  connection.pause();
  await rest();
  equal(stream.writes.length, 1);
  const probe = stream.writes[0]!.subarray(-4);
  stream.push(rawFrame({ opcode: 1, payload: "before it" }));
  stream.push(rawFrame({ opcode: 10, payload: probe }));
  await rest();
  await rest();
  equal(connection.queuedBytes, 0);
  equal(clock.timerCount, 0);
  deepEqual(events.texts, ["before it"]);
  stream.push(rawFrame({ opcode: 1, payload: "waits" }));
  await rest();
  deepEqual(events.texts, ["before it"]);
  connection.resume();
  await rest();
  deepEqual(events.texts, ["before it", "waits"]);
  connection.terminate();
});

Deno.test("RFC 6455 §7.1.2: we close, the peer answers, both ends say so once", async () => {
  const { client, server, heard, clock } = pair();
  server.close(1001, "going");
  server.close(1000, "twice");
  await heard.server.until(({ ending }) => ending !== undefined);
  await heard.client.until(({ ending }) => ending !== undefined);
  deepEqual(heard.server.endings, [{ cause: "local", code: 1001, reason: "going", clean: true }]);
  deepEqual(heard.client.endings, [{ cause: "peer", code: 1001, reason: "going", clean: true }]);
  equal(clock.timerCount, 0);
  server.send("after the end");
  client.close(1000, "after the end");
  client.terminate();
  deepEqual([server.queuedBytes, clock.timerCount], [0, 0]);
});

Deno.test("what was sent before a close arrives before it", async () => {
  const { server, heard } = pair();
  server.send("last words");
  server.close(1000, "");
  await heard.client.until(({ ending }) => ending !== undefined);
  deepEqual(heard.client.texts, ["last words"]);
});

Deno.test("messages that come after our close are dropped", async () => {
  const { connection, stream, clock, events } = onSlowStream();
  connection.start(events);
  connection.close(1000, "");
  stream.push(rawFrame({ opcode: 1, payload: "late" }));
  await rest();
  deepEqual(events.texts, []);
  clock.advance(limits.closeTimeoutMs);
  await rest();
  equal(events.endings.length, 1);
});

Deno.test("a connection that was paused still sees the peer's close", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  connection.pause();
  connection.close(1000, "");
  connection.pause();
  stream.push(rawFrame({ opcode: 8 }));
  stream.push(null);
  await events.until(({ ending }) => ending !== undefined);
  equal(events.ending?.clean, true);
});

Deno.test("a connection that nobody started can be closed", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.close(1013, "full");
  stream.push(rawFrame({ opcode: 8 }));
  stream.push(null);
  await rest();
  equal(stream.destroyed, true);
  connection.start(events);
  await events.until(({ ending }) => ending !== undefined);
  deepEqual(events.endings, [{ cause: "local", code: 1013, reason: "full", clean: true }]);
});

Deno.test("a peer that does not answer a close is given up at the deadline", async () => {
  const { connection, stream, clock, events } = onSlowStream();
  connection.start(events);
  connection.close(1008, "enough");
  await rest();
  clock.advance(limits.closeTimeoutMs - 1);
  await rest();
  equal(stream.destroyed, false);
  clock.advance(1);
  await rest();
  deepEqual(events.endings, [{ cause: "timeout", code: 1006, reason: "enough", clean: false }]);
  equal(stream.resetCount, 0);
  equal(clock.timerCount, 0);
});

Deno.test("a peer that does not even read is reset at the deadline", async () => {
  const { connection, stream, clock, events } = onSlowStream();
  connection.start(events);
  stream.stick();
  connection.send("stuck");
  await rest();
  connection.close(1008, "too slow");
  clock.advance(limits.closeTimeoutMs);
  await rest();
  equal(events.ending?.cause, "timeout");
  equal(stream.resetCount, 1);
});

Deno.test("a peer that is shed gets its close frame behind what is under way, and nothing between", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  stream.stick();
  connection.send("under way");
  await rest();
  connection.send("dropped");
  connection.shed(1008, "too slow");
  connection.shed(1008, "twice");
  connection.send("too late");
  await rest();
  const closeFrame = rawFrame({ opcode: 8, payload: closePayload(1008, "too slow"), key: null });
  equal(connection.queuedBytes, 11 + closeFrame.length);
  stream.release();
  await rest();
  deepEqual(stream.writes.slice(1), [closeFrame]);
  stream.push(rawFrame({ opcode: 8, payload: closePayload(1008) }));
  stream.push(null);
  await events.until(({ ending }) => ending !== undefined);
  deepEqual(events.endings, [{ cause: "local", code: 1008, reason: "too slow", clean: true }]);
});

Deno.test("a peer that is shed and does not answer is reset at a deadline of its own", async () => {
  const { connection, stream, clock, events } = onSlowStream({ shedTimeoutMs: 700 });
  connection.start(events);
  stream.stick();
  connection.send("stuck");
  await rest();
  connection.shed(1008, "too slow");
  clock.advance(699);
  await rest();
  equal(stream.destroyed, false);
  clock.advance(1);
  await rest();
  deepEqual(events.endings, [{ cause: "timeout", code: 1006, reason: "too slow", clean: false }]);
  equal(stream.resetCount, 1);
  equal(clock.timerCount, 0);
});

Deno.test("shedding a peer that is closing changes nothing", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  connection.send("last words");
  connection.close(1000, "");
  connection.shed(1008, "too slow");
  await rest();
  const [output = new Uint8Array(0)] = stream.writes;
  deepEqual(output.subarray(0, 12), rawFrame({ opcode: 1, payload: "last words", key: null }));
  deepEqual(output.subarray(12), rawFrame({ opcode: 8, payload: closePayload(1000), key: null }));
  connection.terminate();
});

Deno.test("RFC 6455 §7.1.7: a fault is answered, told by name, and waits for the peer to go", async () => {
  const { connection, stream, clock, events } = onSlowStream();
  connection.start(events);
  stream.push(rawFrame({ opcode: 1, payload: "fine" }));
  stream.push(rawFrame({ opcode: 3 }));
  await rest();
  deepEqual(events.texts, ["fine"]);
  equal(stream.writes[0]?.[0], 0x88);
  equal(stream.writableEnded, true);
  equal(events.ending, undefined);
  clock.advance(limits.closeTimeoutMs);
  await rest();
  deepEqual(events.endings, [
    { cause: "fault", code: 1002, reason: "reserved-opcode", clean: false },
  ]);
});

Deno.test("RFC 6455 §7.1.5: bytes that end without a close frame are an abnormal end", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  stream.push(null);
  await events.until(({ ending }) => ending !== undefined);
  deepEqual(events.endings, [{ cause: "eof", code: 1006, reason: "", clean: false }]);
});

Deno.test("an error of the socket is an abnormal end with the system's name", async () => {
  const { connection, stream, clock, events } = onSlowStream();
  connection.start(events);
  stream.destroy(Object.assign(new Error("read"), { code: "ECONNRESET" }));
  await events.until(({ ending }) => ending !== undefined);
  deepEqual(events.endings, [{ cause: "reset", code: 1006, reason: "ECONNRESET", clean: false }]);
  equal(clock.timerCount, 0);
});

Deno.test("terminate ends at once, whatever is queued", async () => {
  const { connection, stream, events } = onSlowStream();
  connection.start(events);
  stream.stick();
  connection.send("x".repeat(1000));
  await rest();
  connection.terminate();
  connection.terminate();
  await rest();
  deepEqual(events.endings.map(({ cause }) => cause), ["terminated"]);
  equal(stream.resetCount, 1);
  equal(connection.queuedBytes, 0);
});

Deno.test("a handler that throws ends its own connection, and is logged", async () => {
  const errors: string[] = [];
  const log = { ...silentLog, error: (message: string) => errors.push(message) };
  const { connection, stream, clock } = onSlowStream({ log });
  const events = new RecordedEvents();
  events.messages = () => {
    throw new Error("bug");
  };
  connection.start(events);
  stream.push(rawFrame({ opcode: 1, payload: "x" }));
  await rest();
  deepEqual(errors, ["connection handler failed"]);
  deepEqual([...stream.writes[0]!.subarray(2, 4)], [1011 >> 8, 1011 & 0xff]);
  clock.advance(limits.closeTimeoutMs);
  await rest();
  equal(events.endings.length, 1);
});

Deno.test("marks in the wrong order are our own bug", () => {
  const protocol = new Protocol({ role: "server", maxMessageBytes: 1 });
  const options = {
    socket: new SlowStream(),
    protocol,
    address: "test",
    clock: new FakeClock(),
    log: silentLog,
    limits: { ...limits, lowWaterBytes: limits.highWaterBytes + 1 },
  };
  throws(() => new Connection(options), BrokenInvariant);
});

Deno.test("whatever throws at an edge of the runtime is one line in the log and one connection", async () => {
  const bug = () => {
    throw new Error("bug");
  };
  type World = ReturnType<typeof onSlowStream>;
  const edges: Readonly<Record<string, (world: World, protocol: Protocol) => void>> = {
    data: ({ stream }, protocol) => {
      protocol.next = bug;
      stream.push(rawFrame({ opcode: 1, payload: "x" }));
    },
    "a later turn": ({ stream }, protocol) => {
      const { next } = protocol;
      let left = 32;
      protocol.next = () => left-- > 0 ? next.call(protocol) : bug();
      stream.push(
        concat(Array.from({ length: 40 }, () => rawFrame({ opcode: 1, payload: "x" }))),
      );
    },
    end: ({ stream }, protocol) => {
      protocol.receiveEof = bug;
      stream.push(null);
    },
    "end of a turn": ({ connection }, protocol) => {
      protocol.takeOutput = bug;
      connection.send("x");
    },
    "end of a write": ({ connection }, protocol) => {
      protocol.recycleOutput = bug;
      connection.send("x");
    },
    close: ({ stream }, protocol) => {
      protocol.receiveEof = bug;
      stream.destroy();
    },
  };
  for (const [name, fail] of Object.entries(edges)) {
    const errors: string[] = [];
    const log = { ...silentLog, error: (message: string) => void errors.push(message) };
    const protocol = new Protocol({ role: "server", maxMessageBytes: 1000 });
    const world = onSlowStream({ log, protocol });
    world.connection.start(world.events);
    fail(world, protocol);
    await new Promise((resolve) => setTimeout(resolve, 20));
    equal(errors.includes("connection failed"), true, name);
    equal(world.stream.destroyed, true, name);
  }
});

/** Rounds of the event loop as a test wants them. */
function rounds() {
  const waiting: (() => void)[] = [];
  const turns = new Turns(queued(waiting), () => {});
  const run = (count = Infinity) => {
    for (; count > 0 && waiting.length > 0; count--) waiting.shift()!();
  };
  return { turns, run };
}

const texts = (count: number) =>
  concat(Array.from({ length: count }, () => rawFrame({ opcode: 1, payload: "x" })));

Deno.test("a read of many messages is handled in slices, with turns for other connections between", () => {
  const { turns, run } = rounds();
  const busy = onSlowStream({ turns });
  const other = onSlowStream({ turns });
  const order: string[] = [];
  busy.events.messages = (batch) => void order.push(`busy ${batch.length}`);
  other.events.messages = (batch) => void order.push(`other ${batch.length}`);
  for (const { connection, events } of [busy, other]) connection.start(events);
  busy.stream.emit("data", texts(100));
  other.stream.emit("data", texts(40));
  deepEqual(order, ["busy 32", "other 32"]);
  run();
  deepEqual(order.slice(2), ["busy 32", "other 8", "busy 32", "busy 4"]);
});

Deno.test("short messages of many connections do not all come in one round: each may ask for much", () => {
  const { turns, run } = rounds();
  const order: number[] = [];
  for (let at = 0; at < 8; at++) {
    const { connection, stream, events } = onSlowStream({ turns });
    events.messages = () => void order.push(at);
    connection.start(events);
    stream.emit("data", texts(32));
  }
  deepEqual(order, [0, 1, 2, 3]);
  run(1);
  deepEqual(order, [0, 1, 2, 3, 4, 5]);
  run();
  deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7]);
});

Deno.test("what a paused connection has read waits until it is resumed", () => {
  const { turns, run } = rounds();
  const { stream, connection, events } = onSlowStream({ turns });
  connection.start(events);
  stream.emit("data", texts(100));
  connection.pause();
  run();
  equal(events.texts.length, 32);
  connection.resume();
  run();
  equal(events.texts.length, 100);
});

Deno.test("frames count for the pace, those that complete nothing too", () => {
  const pace = { messages: { perSecond: 10, burst: 1_000 }, bytes: { perSecond: 1e6, burst: 1e6 } };
  const { turns, run } = rounds();
  const protocol = new Protocol({ role: "server", maxMessageBytes: 1000 });
  const { stream, connection, events } = onSlowStream({ turns, pace, protocol });
  connection.start(events);
  const continuation = rawFrame({ opcode: 0, fin: false });
  const begun = rawFrame({ opcode: 1, fin: false });
  stream.emit("data", concat([begun, ...Array.from({ length: 5_000 }, () => continuation)]));
  run();
  ok(protocol.frames < 1_300, `${protocol.frames} frames were read`);
  connection.terminate();
});

Deno.test("bytes count for the pace as what they become after decompression", async () => {
  const pace = {
    messages: { perSecond: 1_000, burst: 1_000 },
    bytes: { perSecond: 1_000, burst: 150_000 },
  };
  const { extension } = acceptDeflate({ zlib: nodeZlib })([{
    name: "permessage-deflate",
    parameters: [],
  }])!;
  const protocol = new Protocol({ role: "server", maxMessageBytes: 100_000, extension });
  let throttled = 0;
  const { turns, run } = rounds();
  const world = onSlowStream({ turns, pace, protocol, onThrottled: () => throttled++ });
  world.connection.start(world.events);
  const payload = nodeZlib.deflate(utf8("x".repeat(90_000)), 15).slice(0, -4);
  const frame = () => rawFrame({ opcode: 1, rsv: 4, payload });
  world.stream.emit("data", concat([frame(), frame(), frame()]));
  await Promise.resolve();
  deepEqual([world.events.texts.length, throttled], [1, 0]);
  run(1);
  deepEqual([world.events.texts.length, throttled], [2, 0]);
  run();
  equal(protocol.state, "closing", "it would have to wait two minutes");
});

Deno.test("RFC 6455 §5.5.1: what comes before a close in one read is answered before the close is", async () => {
  for (
    const last of [rawFrame({ opcode: 8, payload: closePayload(1000) }), rawFrame({ opcode: 3 })]
  ) {
    const { stream, connection, events } = onSlowStream();
    events.messages = (batch) => {
      // As a session does: not in the call itself, but without waiting for anything.
      void Promise.resolve().then(() => batch.forEach(() => connection.send("answer")));
    };
    connection.start(events);
    stream.push(concat([texts(2), last]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const sent = new TextDecoder("latin1").decode(concat(stream.writes));
    equal(sent.split("answer").length - 1, 2);
    ok(sent.lastIndexOf("answer") < concat(stream.writes).indexOf(0x88));
    connection.terminate();
  }
});

Deno.test("what costs more than a message can be charged to the peer", () => {
  const pace = { messages: { perSecond: 10, burst: 100 }, bytes: { perSecond: 1e6, burst: 1e6 } };
  let throttled = 0;
  const { connection, events } = onSlowStream({ pace, onThrottled: () => throttled++ });
  connection.start(events);
  connection.charge(90);
  equal(throttled, 0);
  connection.charge(50);
  equal(throttled, 1);
  connection.terminate();
});

Deno.test("however much a peer is charged, it is read more slowly and not disconnected", () => {
  const pace = { messages: { perSecond: 10, burst: 10 }, bytes: { perSecond: 1e6, burst: 1e6 } };
  const { stream, connection, events, clock } = onSlowStream({ pace });
  connection.start(events);
  for (let message = 0; message < 256; message++) connection.charge(1_000);
  equal(concat(stream.writes).length, 0, "no close frame");
  clock.advance(4_999);
  equal(stream.isPaused(), true);
  clock.advance(1);
  equal(stream.isPaused(), false);
  stream.emit("data", texts(1));
  equal(events.texts.length, 1);
  connection.terminate();
});

Deno.test("messages of a peer that was charged are taken one at a time, until it has been quiet", async () => {
  const pace = { messages: { perSecond: 10, burst: 100 }, bytes: { perSecond: 1e6, burst: 1e6 } };
  const { turns, run } = rounds();
  const { stream, connection, events, clock } = onSlowStream({ pace, turns });
  connection.start(events);
  const take = events.messages.bind(events);
  let costs = 20;
  events.messages = (batch) => {
    take(batch);
    // As a session does: the refusal comes a little later.
    void Promise.resolve().then(() => batch.forEach(() => connection.charge(costs)));
  };
  stream.emit("data", texts(40));
  await Promise.resolve();
  equal(events.texts.length, 32, "the first slice");
  for (let more = 1; more <= 3; more++) {
    clock.advance(more === 1 ? 5_000 : 2_100);
    run(1);
    await Promise.resolve();
    equal(events.texts.length, 32 + more, "each was charged before the next was taken");
  }
  costs = 0;
  clock.advance(12_000);
  run();
  equal(events.texts.length, 40);
  stream.emit("data", texts(10));
  equal(events.texts.length, 50, "quiet for long enough");
  connection.terminate();
});

Deno.test("a few messages of peers that were charged fill a round, and wait for a turn however small", () => {
  const pace = {
    messages: { perSecond: 1_000, burst: 1_000 },
    bytes: { perSecond: 1e6, burst: 1e6 },
  };
  const { turns, run } = rounds();
  const charged = Array.from({ length: 20 }, () => onSlowStream({ pace, turns }));
  const honest = onSlowStream({ turns });
  honest.connection.start(honest.events);
  for (const { connection, events, stream } of charged) {
    connection.start(events);
    connection.charge(900);
    stream.emit("data", texts(1));
  }
  const taken = () => charged.filter(({ events }) => events.texts.length > 0).length;
  equal(taken(), 8, "of 20");
  honest.stream.emit("data", texts(1));
  equal(honest.events.texts.length, 1, "is not kept waiting by them");
  run(1);
  equal(taken(), 16);
  run();
  equal(taken(), 20);
  for (const { connection } of [honest, ...charged]) connection.terminate();
});

Deno.test("when much was done in a round already, what is read waits for a turn, but for trifles", () => {
  const { turns, run } = rounds();
  const { stream, connection, events } = onSlowStream({ turns });
  const honest = onSlowStream({ turns });
  connection.start(events);
  honest.connection.start(honest.events);
  turns.spend(1_000_000);
  const much = rawFrame({ opcode: 1, payload: "x".repeat(900) });
  stream.emit("data", concat([much, much]));
  honest.stream.emit("data", texts(1));
  deepEqual([events.texts.length, honest.events.texts.length], [0, 1]);
  run();
  equal(events.texts.length, 2);
});
