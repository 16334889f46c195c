import { deepEqual, equal, throws } from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import { BrokenInvariant } from "../../../src/base/assert.ts";
import { silentLog } from "../../../src/base/log.ts";
import { Connection } from "../../../src/net/connection.ts";
import { LastingConnection } from "../../../src/net/client/lasting_connection.ts";
import { Protocol } from "../../../src/websocket/protocol.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { rawFrame } from "../../kit/raw_frame.ts";
import { RecordedEvents } from "../../kit/recorded_events.ts";

const limits = { firstDelayMs: 1000, maxDelayMs: 8000, pingIntervalMs: 3000, idleTimeoutMs: 9000 };
const random = { bytes: (length: number) => new Uint8Array(length).fill(255) };

/** A lasting connection to a server that the test plays, which may be down. */
class World {
  readonly clock = new FakeClock();
  readonly far: Duplex[] = [];
  readonly heard: RecordedEvents[] = [];
  /** When attempts were made, milliseconds. */
  readonly attemptsMs: number[] = [];
  down = false;
  readonly lasting = new LastingConnection({
    connect: () => this.#connect(),
    clock: this.clock,
    log: silentLog,
    random,
    limits,
    onOpen: () => {
      const events = new RecordedEvents();
      this.heard.push(events);
      return events;
    },
  });

  #connect() {
    this.attemptsMs.push(this.clock.monotonicMs());
    if (this.down) return Promise.reject(new Error("down"));
    const [near, far] = duplexPair();
    this.far.push(far);
    far.resume();
    const connection = new Connection({
      socket: near,
      protocol: new Protocol({ role: "client", maxMessageBytes: 1000, random }),
      address: "test",
      clock: this.clock,
      log: silentLog,
      limits: { closeTimeoutMs: 500, highWaterBytes: 1000, lowWaterBytes: 100 },
    });
    return Promise.resolve({ connection, subprotocol: undefined });
  }

  /** Moves the clock by whole seconds, and lets everything come to rest after each. */
  async pass(seconds: number): Promise<void> {
    await rest();
    for (let second = 0; second < seconds; second++) {
      this.clock.advance(1000);
      await rest();
    }
  }

  async end(): Promise<void> {
    this.lasting.stop();
    await this.pass(1);
    for (const stream of this.far) stream.destroy();
    await rest();
    equal(this.clock.timerCount, 0);
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

Deno.test("a server that is down is tried again after 1, 2, 4, 8, 8 seconds", async () => {
  const world = new World();
  world.down = true;
  world.lasting.start();
  await world.pass(24);
  const [first = 0, ...later] = world.attemptsMs;
  deepEqual(later.map((atMs) => (atMs - first) / 1000), [1, 3, 7, 15, 23]);
  await world.end();
});

Deno.test("a wait is cut by up to half, by chance", () => {
  const waits = [0, 128, 255].map((byte) => {
    const clock = new FakeClock();
    const lasting = new LastingConnection({
      connect: () => Promise.reject(new Error("down")),
      clock,
      log: silentLog,
      random: { bytes: () => Uint8Array.of(byte) },
      limits,
      onOpen: () => new RecordedEvents(),
    });
    lasting.start();
    return rest().then(() => {
      let waited = 0;
      for (; clock.timerCount > 0; waited += 10) clock.advance(10);
      lasting.stop();
      return Math.round(waited / 100);
    });
  });
  return Promise.all(waits).then((waits) => deepEqual(waits, [5, 8, 10]));
});

Deno.test("a connection that is lost is told, and replaced", async () => {
  const world = new World();
  world.lasting.start();
  await world.pass(1);
  world.far[0]!.write(rawFrame({ opcode: 1, payload: "one", key: null }));
  await rest();
  deepEqual(world.heard[0]?.texts, ["one"]);
  world.far[0]!.end();
  await world.pass(2);
  equal(world.heard[0]?.endings.length, 1);
  equal(world.heard.length, 2);
  world.far[1]!.write(rawFrame({ opcode: 1, payload: "two", key: null }));
  await rest();
  deepEqual(world.heard[1]?.texts, ["two"]);
  await world.end();
});

Deno.test("a connection that lasted ends the row of failures, one that did not adds to it", async () => {
  const world = new World();
  world.lasting.start();
  await world.pass(1);
  world.far[0]!.end();
  await world.pass(1);
  world.far[1]!.end();
  await world.pass(1);
  equal(world.far.length, 2, "the second wait is longer");
  await world.pass(1);
  equal(world.far.length, 3);
  await world.pass(8);
  world.far[2]!.end();
  await world.pass(1);
  equal(world.far.length, 4, "and the wait after a lasting connection short again");
  await world.end();
});

Deno.test("a server that answers no ping is given up and tried again", async () => {
  const world = new World();
  world.lasting.start();
  await world.pass(8);
  deepEqual(world.heard[0]?.endings, []);
  await world.pass(1);
  deepEqual(world.heard[0]?.endings.map(({ cause }) => cause), ["terminated"]);
  await world.pass(1);
  equal(world.heard.length, 2);
  await world.end();
});

Deno.test("a server that sends anything is there", async () => {
  const world = new World();
  world.lasting.start();
  for (let turn = 0; turn < 5; turn++) {
    await world.pass(5);
    world.far[0]!.write(rawFrame({ opcode: 10, key: null }));
  }
  deepEqual(world.heard[0]?.endings, []);
  await world.end();
});

Deno.test("after a stop nothing is opened, and what was being opened is dropped", async () => {
  const world = new World();
  world.lasting.start();
  world.lasting.stop();
  await world.pass(20);
  deepEqual([world.attemptsMs.length, world.heard.length], [1, 0]);
  throws(() => world.lasting.start(), BrokenInvariant);
  await world.end();
});

Deno.test("a holder that throws is a line in the log and another attempt", async () => {
  const clock = new FakeClock();
  const errors: string[] = [];
  let attempts = 0;
  const lasting = new LastingConnection({
    connect() {
      attempts++;
      const [near] = duplexPair();
      const connection = new Connection({
        socket: near,
        protocol: new Protocol({ role: "client", maxMessageBytes: 1000, random }),
        address: "test",
        clock,
        log: silentLog,
        limits: { closeTimeoutMs: 500, highWaterBytes: 1000, lowWaterBytes: 100 },
      });
      return Promise.resolve({ connection, subprotocol: undefined });
    },
    clock,
    log: { ...silentLog, error: (message) => void errors.push(message) },
    random,
    limits,
    onOpen() {
      throw new Error("bug");
    },
  });
  lasting.start();
  await rest();
  deepEqual(errors, ["connection handler failed"]);
  clock.advance(limits.firstDelayMs);
  equal(attempts, 2);
  lasting.stop();
  await rest();
});
