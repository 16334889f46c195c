import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { PacedWriting, unansweredMs } from "../../src/net/paced_writing.ts";
import { Protocol, type ProtocolEvent } from "../../src/websocket/protocol.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SlowStream } from "../kit/slow_stream.ts";

const limits = { highWaterBytes: 100_000, lowWaterBytes: 10_000 };
/** A message of this length is a frame of 1,000 bytes. */
const message = "x".repeat(996);

/** The way out of a server that shows 10,000 bytes of trust, and what the peer makes of the bytes. */
function onSlowStream({ clock = new FakeClock(), seed = 1 } = {}) {
  const stream = new SlowStream();
  const random = new SeededRandom(seed);
  const protocol = new Protocol({ role: "server", maxMessageBytes: 1_000_000 });
  const peer = new Protocol({ role: "client", maxMessageBytes: 1_000_000, random });
  const told = { drained: 0, stalled: [] as boolean[], unanswered: 0, failed: [] as unknown[] };
  const writing = new PacedWriting({
    socket: stream,
    protocol,
    clock,
    limits,
    unread: { initialBytes: 10_000, maxBytes: 100_000, random },
    onUnanswered: () => void told.unanswered++,
  }, {
    drained: () => void told.drained++,
    stalled: (isStalled) => void told.stalled.push(isStalled),
    failed: (error) => void told.failed.push(error),
  });
  /** Sends so many messages, each in a turn of its own. */
  const send = async (count: number) => {
    for (let i = 0; i < count; i++) {
      protocol.sendText(message);
      writing.flushSoon();
      await rest();
    }
  };
  /** What the peer reads, which was not read before. */
  let readCount = 0;
  const read = (): ProtocolEvent[] => {
    const writes = stream.writes.slice(readCount);
    readCount = stream.writes.length;
    return writes.flatMap((bytes) => [...peer.receive(bytes.slice())]);
  };
  const writtenBytes = () => stream.writes.reduce((sum, { length }) => sum + length, 0);
  return { stream, clock, protocol, writing, told, send, read, writtenBytes };
}

function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The payload of the only ping among what a peer has read. */
function onlyPing(events: readonly ProtocolEvent[]): Uint8Array {
  const [ping, ...more] = events.filter(({ type }) => type === "ping");
  equal(more.length, 0);
  return ping?.type === "ping" ? ping.bytes : new Uint8Array(0);
}

Deno.test("a peer that reads nothing is sent its window and no more, and the rest waits", async () => {
  const { clock, writing, told, send, writtenBytes } = onSlowStream();
  await send(50);
  equal(writtenBytes(), 10_000 + 6, "ten messages and a ping");
  equal(writing.queuedBytes, 40_000);
  deepEqual(told.stalled, [true]);
  equal(clock.timerCount, 1);
  equal(writing.isUnread, true);
  writing.stop();
  equal(clock.timerCount, 0);
});

Deno.test("RFC 6455 §5.5.2: the ping that asks leaves in the write of what it asks about", async () => {
  const { stream, writing, send, read } = onSlowStream();
  await send(6);
  deepEqual(stream.writes.map(({ length }) => length), [1000, 1000, 1000, 1000, 1006, 1000]);
  equal(onlyPing(read()).length, 4);
  writing.stop();
});

Deno.test("it goes before what still waits", async () => {
  const { stream, protocol, writing, read } = onSlowStream();
  for (let i = 0; i < 100; i++) protocol.sendText(message);
  writing.flushSoon();
  await rest();
  equal(stream.writes.length, 1);
  equal(read().at(-1)?.type, "ping");
  writing.stop();
});

Deno.test("once its pong is heard, what waits goes on, and nobody keeps a timer", async () => {
  const { clock, writing, told, send, read, writtenBytes } = onSlowStream();
  await send(15);
  writing.heardPong(onlyPing(read()));
  await rest();
  equal(writtenBytes(), 15_000 + 2 * 6, "it was asked anew");
  equal(writing.queuedBytes, 0);
  equal(clock.timerCount, 0);
  deepEqual(told, { drained: 0, stalled: [true, false], unanswered: 0, failed: [] });
  writing.heardPong(onlyPing(read()));
  equal(writing.isUnread, false);
});

Deno.test("any other pong leaves it waiting", async () => {
  const { clock, writing, send, writtenBytes } = onSlowStream();
  await send(15);
  writing.heardPong(new Uint8Array(0));
  writing.heardPong(new Uint8Array(4));
  await rest();
  equal(writtenBytes(), 10_006);
  equal(clock.timerCount, 1);
  writing.stop();
});

Deno.test("RFC 6455 §5.5.3: a later ping repeats the probe, as the latest alone may be answered", async () => {
  const { writing, send, read } = onSlowStream();
  writing.ping();
  await rest();
  equal(onlyPing(read()).length, 0);
  await send(6);
  const probe = onlyPing(read());
  writing.ping();
  await rest();
  deepEqual(onlyPing(read()), probe);
  writing.stop();
});

Deno.test("a peer that answers no pings is sent a write now and then, and everything in the end", async () => {
  const { stream, clock, writing, told, send, writtenBytes } = onSlowStream();
  await send(205);
  equal(stream.writes.length, 10);
  for (const leftCount of [130, 65, 0]) {
    clock.advance(unansweredMs - 1);
    await rest();
    equal(writing.queuedBytes, leftCount * 1000 + 65_000);
    clock.advance(unansweredMs + 1);
    await rest();
    equal(writing.queuedBytes, leftCount * 1000);
  }
  equal(stream.writes.length, 13);
  equal(Math.floor(writtenBytes() / 1000), 205);
  equal(told.unanswered, 3);
  equal(told.stalled.at(-1), false);
  equal(clock.timerCount, 0);
});

Deno.test("peers that stalled in one moment are not sent more in one", async () => {
  const clock = new FakeClock();
  const peers = Array.from({ length: 20 }, (_, seed) => onSlowStream({ clock, seed }));
  await Promise.all(peers.map(({ send }) => send(11)));
  const left: number[] = [];
  for (let i = 0; i < 4; i++) {
    clock.advance(unansweredMs / 2);
    await rest();
    left.push(peers.filter(({ writing }) => writing.queuedBytes > 0).length);
  }
  equal(left[0], 20);
  equal(left[1], 20);
  equal(left[2]! > 0 && left[2]! < 20, true, `${left[2]}`);
  equal(left[3], 0);
});

Deno.test("one that is sent little waits once for each window", async () => {
  const { clock, writing, told, send } = onSlowStream();
  await send(11);
  clock.advance(2 * unansweredMs);
  await rest();
  equal(writing.queuedBytes, 0);
  await send(9);
  equal(writing.queuedBytes, 0);
  await send(1);
  equal(writing.queuedBytes, 1000);
  equal(told.unanswered, 1);
  writing.stop();
});

Deno.test("whoever sends is sent as much", async () => {
  const { clock, writing, send, writtenBytes } = onSlowStream();
  for (let i = 0; i < 100; i++) {
    writing.heard(1000);
    await send(1);
  }
  equal(writtenBytes(), 100_000);
  equal(clock.timerCount, 0);
});

Deno.test("a message longer than the window goes whole, and the next waits", async () => {
  const { clock, protocol, writing, send, read, writtenBytes } = onSlowStream();
  protocol.sendText("x".repeat(500_000));
  await send(1);
  equal(writtenBytes() > 500_000, true);
  equal(writing.queuedBytes, 1000);
  writing.heardPong(onlyPing(read()));
  await rest();
  equal(writing.queuedBytes, 0);
  equal(clock.timerCount, 0);
});

Deno.test("a close leaves though the window is full, with what is before it", async () => {
  const { clock, protocol, writing, told, send, read } = onSlowStream();
  await send(15);
  equal(read().length, 11);
  protocol.sendClose(1001, "going");
  writing.flushSoon();
  await rest();
  deepEqual(read().map(({ type }) => type), ["text", "text", "text", "text", "text", "close"]);
  equal(clock.timerCount, 0);
  deepEqual(told.stalled, [true, false]);
});

Deno.test("what is dropped does not keep the close frame waiting", async () => {
  const { clock, protocol, writing, send, read } = onSlowStream();
  await send(15);
  read();
  protocol.dropOutput();
  protocol.sendClose(1008, "too slow");
  writing.flushSoon();
  await rest();
  deepEqual(read(), [{ type: "close", code: 1008, reason: "too slow" }]);
  equal(clock.timerCount, 0);
});

Deno.test("while the socket does not take a write, the window adds nothing", async () => {
  const { stream, clock, writing, told, send, read } = onSlowStream();
  stream.stick();
  await send(20);
  equal(stream.writes.length, 1);
  equal(clock.timerCount, 0);
  stream.release();
  await rest();
  equal(writing.queuedBytes, 0, "one write started while the window had room");
  equal(onlyPing(read()).length, 4);
  deepEqual(told.stalled, []);
});

Deno.test("drained is told when little is queued, and held pongs are sent", async () => {
  const { stream, protocol, writing, told, send, read } = onSlowStream();
  await send(120);
  writing.requestDrained();
  await rest();
  equal(told.drained, 0);
  while (writing.queuedBytes > 0) {
    writing.heardPong(onlyPing(read()));
    await rest();
  }
  equal(told.drained, 1);
  equal(protocol.pendingBytes, 0);
  stream.destroy();
});

Deno.test("drained is told at the mark that was asked for, though that is below the low mark", async () => {
  const { stream, writing, told, send, read } = onSlowStream();
  await send(120);
  const mostBytes = writing.queuedBytes - 5_000;
  writing.requestDrained(mostBytes);
  while (told.drained === 0) {
    ok(writing.queuedBytes > mostBytes);
    writing.heardPong(onlyPing(read()));
    await rest();
  }
  ok(writing.queuedBytes <= mostBytes);
  stream.destroy();
});

Deno.test("without a window the socket alone says when it is enough", async () => {
  const stream = new SlowStream();
  const clock = new FakeClock();
  const protocol = new Protocol({ role: "server", maxMessageBytes: 1000 });
  const events = { drained() {}, stalled() {}, failed() {} };
  const writing = new PacedWriting({ socket: stream, protocol, clock, limits }, events);
  for (let i = 0; i < 100; i++) {
    protocol.sendText("x".repeat(100_000));
    writing.flushSoon();
    await rest();
  }
  equal(writing.queuedBytes, 0);
  equal(writing.isUnread, false);
  equal(clock.timerCount, 0);
});

Deno.test("marks in the wrong order are our own bug", () => {
  const wrong = { highWaterBytes: 1, lowWaterBytes: 2 };
  const protocol = new Protocol({ role: "server", maxMessageBytes: 1000 });
  const made = { socket: new SlowStream(), protocol, clock: new FakeClock(), limits: wrong };
  throws(
    () => new PacedWriting(made, { drained() {}, stalled() {}, failed() {} }),
    BrokenInvariant,
  );
});

Deno.test("what throws at an edge of the runtime is told, and throws no further", async () => {
  const bug = () => {
    throw new Error("bug");
  };
  const flushing = onSlowStream();
  flushing.protocol.takeOutput = bug;
  await flushing.send(1);
  equal(flushing.told.failed.length, 1, "at the end of a turn");

  const written = onSlowStream();
  written.protocol.recycleOutput = bug;
  await written.send(1);
  equal(written.told.failed.length, 1, "when a write has left");

  const waiting = onSlowStream();
  await waiting.send(20);
  waiting.protocol.takeOutput = bug;
  waiting.clock.advance(2 * unansweredMs);
  equal(waiting.told.failed.length, 1, "when waiting is over");
});
