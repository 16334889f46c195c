import { deepEqual, equal, throws } from "node:assert/strict";
import { once } from "node:events";
import { BrokenInvariant } from "../../../src/base/assert.ts";
import { SharedBytes, utf8 } from "../../../src/base/bytes.ts";
import { NativeWebSocket } from "../../../src/net/server/native_websocket.ts";
import type { Peer } from "../../../src/relay/peer.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { RecordedEvents } from "../../kit/recorded_events.ts";

const limits = {
  maxMessageBytes: 10,
  closeTimeoutMs: 1000,
  highWaterBytes: 100_000,
  lowWaterBytes: 10_000,
};

/** Server and client of one connection. */
interface Pair {
  readonly connection: NativeWebSocket;
  readonly events: RecordedEvents;
  readonly clock: FakeClock;
  readonly client: WebSocket;
}

/** Serves one client with the runtime's own socket. */
async function withPair(test: (pair: Pair) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const events = new RecordedEvents();
  const accepted = Promise.withResolvers<NativeWebSocket>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    const connection = new NativeWebSocket({ socket, address: "test", clock, limits });
    connection.start(events);
    connection.send("welcome");
    accepted.resolve(connection);
    return response;
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.addr.port}`);
  const [{ data }] = await once(client, "message");
  equal(data, "welcome", "what was sent before the socket opened is not lost");
  await test({ connection: await accepted.promise, events, clock, client });
  if (client.readyState !== WebSocket.CLOSED) {
    client.close();
    await once(client, "close");
  }
  await events.until(({ ending }) => ending !== undefined);
  equal(events.endings.length, 1);
  equal(clock.timerCount, 0);
  await server.shutdown();
}

Deno.test("the native transport has the shape of the relay's peer", () =>
  withPair(({ connection, events, clock }) => {
    const peer: Peer = connection;
    equal(peer.address, "test");
    clock.advance(70_000);
    equal(peer.lastHeardMs, 70_000, "a peer that is connected counts as heard");
    peer.ping();
    peer.pause();
    peer.resume();
    throws(() => connection.start(events), BrokenInvariant);
    return Promise.resolve();
  }));

Deno.test("messages go both ways, shared bodies as text", () =>
  withPair(async ({ connection, events, client }) => {
    client.send("text");
    client.send(Uint8Array.of(1, 2));
    await events.until(({ batches }) => batches.length === 2);
    deepEqual(events.batches, [
      [{ type: "text", text: "text" }],
      [{ type: "binary", bytes: Uint8Array.of(1, 2) }],
    ]);
    connection.sendShared(utf8("["), new SharedBytes(utf8('"é"')), utf8("]"));
    equal((await once(client, "message"))[0].data, '["é"]');
  }));

Deno.test("a message over the limit, counted in bytes, closes 1009", async () => {
  for (const data of ["x".repeat(11), "é".repeat(6), new Uint8Array(11)]) {
    await withPair(async ({ events, client }) => {
      client.send(data);
      equal((await once(client, "close"))[0].code, 1009);
      deepEqual(events.batches, []);
    });
  }
});

Deno.test("a message of just the limit is heard", () =>
  withPair(async ({ events, client }) => {
    client.send("é".repeat(5));
    await events.until(({ texts }) => texts.length === 1);
  }));

Deno.test("the server closes with a code and a reason", () =>
  withPair(async ({ connection, events, client }) => {
    connection.close(1008, "enough");
    connection.close(1000, "twice");
    const [{ code, reason }] = await once(client, "close");
    deepEqual([code, reason], [1008, "enough"]);
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.cause, "local");
    connection.send("after the end");
    equal(connection.queuedBytes, 0);
  }));

Deno.test("the client closes", () =>
  withPair(async ({ events, client }) => {
    client.close(4000, "bye");
    await events.until(({ ending }) => ending !== undefined);
    equal(events.ending?.cause, "peer");
    equal(events.ending?.code, 4000);
  }));

Deno.test("drained is told after it was asked for, at the next look", () =>
  withPair(({ connection, events, clock }) => {
    connection.requestDrained();
    connection.requestDrained();
    equal(events.drainedCount, 0);
    clock.advance(1000);
    equal(events.drainedCount, 1);
    return Promise.resolve();
  }));

Deno.test("a close that nobody answers is over at the deadline", () =>
  withPair(async ({ connection, events, clock, client }) => {
    connection.close(1000, "");
    clock.advance(limits.closeTimeoutMs);
    deepEqual(events.endings.map(({ cause }) => cause), ["timeout"]);
    connection.requestDrained();
    await once(client, "close");
  }));

Deno.test("to shed a peer is to close it", () =>
  withPair(async ({ connection, client }) => {
    connection.shed(1008, "too slow");
    const [{ code, reason }] = await once(client, "close");
    deepEqual([code, reason], [1008, "too slow"]);
  }));

Deno.test("a holder that throws ends its connection with 1011", () =>
  withPair(async ({ events, client }) => {
    events.messages = () => {
      throw new Error("bug");
    };
    const closed = once(client, "close");
    client.send("x");
    const [{ code }] = await closed;
    equal(code, 1011);
  }));

Deno.test("what is closed before it is open is closed once it is", async () => {
  const events = new RecordedEvents();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    const clock = new FakeClock();
    const connection = new NativeWebSocket({ socket, address: "test", clock, limits });
    connection.start(events);
    connection.close(1011, "early");
    return response;
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.addr.port}`);
  const [{ code }] = await once(client, "close");
  equal(code, 1011);
  await events.until(({ ending }) => ending !== undefined);
  await server.shutdown();
});
