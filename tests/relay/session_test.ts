import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type LogFields, silentLog } from "../../src/base/log.ts";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { eventJson } from "../../src/nostr/event_json.ts";
import {
  type EventRecord,
  type EventStore,
  type EventWriter,
  type PutOutcome,
  type StoredEvent,
  StoreUnavailable,
} from "../../src/store/event_store.ts";
import { LocalFeed } from "../../src/store/feed/local_feed.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { WindowStore } from "../../src/store/window/window_store.ts";
import { BatchWriter } from "../../src/store/write/batch_writer.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import type { FakePeer } from "../kit/fake_peer.ts";
import { FakeRelay, oneByOne, settle, trustingVerifier } from "../kit/fake_relay.ts";
import { testLimits } from "../kit/limits.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));

function note(number: number, content = `note ${number}`): NostrEvent {
  return author.sign({ kind: 1, created_at: 1_700_000_000 + number, tags: [], content });
}

function say(event: NostrEvent): string {
  return `["EVENT",${eventJson(event)}]`;
}

function closeCode(peer: FakePeer): number | undefined {
  return peer.closing?.code;
}

function record(event: NostrEvent): EventRecord {
  return { event, json: new TextEncoder().encode(eventJson(event)) };
}

/** A feed that has yet to tell what the test says it has. */
class PatientFeed extends LocalFeed {
  readonly untold = new Set<number>();

  override wasDelivered(seq: number): boolean {
    return !this.untold.has(seq);
  }

  override tell(events: readonly EventRecord[]): void {
    for (const { event } of events) this.untold.delete(event.created_at);
    super.tell(events);
  }
}

/** A store whose answers come when the test says so. Events are numbered by their time. */
class PatientStore implements EventStore {
  readonly #inner = new MemoryStore();
  readonly feed = new PatientFeed();
  readonly #rows = Promise.withResolvers<readonly StoredEvent[]>();
  readonly signals: AbortSignal[] = [];
  queries = 0;

  constructor() {
    this.#inner.feed.subscribe((events) => this.feed.tell(events));
  }

  put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    return this.#inner.put(batch);
  }

  async *query(
    _filters: unknown,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    this.queries++;
    if (signal !== undefined) this.signals.push(signal);
    yield await this.#rows.promise;
  }

  answer(events: readonly NostrEvent[]): void {
    this.#rows.resolve(events.map((event) => ({
      seq: event.created_at,
      id: event.id,
      createdAt: event.created_at,
      json: record(event).json,
    })));
  }

  fail(error: Error): void {
    this.#rows.reject(error);
  }

  identify: EventStore["identify"] = (filters, options) => this.#inner.identify(filters, options);

  count: EventStore["count"] = (filters, options) => this.#inner.count(filters, options);

  reindex: EventStore["reindex"] = () => this.#inner.reindex();

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** A writer whose commits come when the test says so. */
class PatientWriter implements EventWriter {
  readonly waiting: { record: EventRecord; resolve(outcome: PutOutcome): void }[] = [];

  write(record: EventRecord): Promise<PutOutcome> {
    const { promise, resolve } = Promise.withResolvers<PutOutcome>();
    this.waiting.push({ record, resolve });
    return promise;
  }
}

Deno.test("the loop pings at the interval and lets a peer that answers live", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  for (let minute = 0; minute < 5; minute++) {
    world.clock.advance(30_000);
    await settle();
    peer.lastHeardMs = world.clock.monotonicMs();
  }
  equal(peer.pings, 5);
  equal(closeCode(peer), undefined);
  peer.hangUp();
  await settle();
});

Deno.test("a peer that is silent for the idle time is closed and counted", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  world.clock.advance(30_000);
  await settle();
  world.clock.advance(30_000);
  await settle();
  equal(closeCode(peer), 1008);
  equal(world.relay.counters.closedIdle, 1);
});

Deno.test("when a connection ends nothing of it is left", async () => {
  const world = new FakeRelay();
  const peers = Array.from({ length: 1_000 }, () => world.connect());
  for (const peer of peers) peer.say('["REQ","a",{"kinds":[1]}]', '["REQ","b",{}]');
  await settle();
  equal(world.relay.sessionCount, 1_000);
  equal(world.relay.subscriptionCount, 2_000);
  equal(world.clock.timerCount, 1_000);
  for (const peer of peers) peer.hangUp();
  await settle();
  deepEqual([world.relay.sessionCount, world.relay.subscriptionCount, world.clock.timerCount], [
    0,
    0,
    0,
  ]);
});

Deno.test("shutdown answers what was received, then closes with 1001", async () => {
  const writer = new PatientWriter();
  const world = new FakeRelay({ writer, verifier: trustingVerifier });
  const peer = world.connect();
  const idle = world.connect();
  peer.say(say(note(1)));
  await settle();
  const down = world.relay.shutdown();
  await settle();
  equal(closeCode(idle), 1001, "who waits for nothing is told at once");
  equal(closeCode(peer), undefined);
  writer.waiting[0]!.resolve("stored");
  await down;
  deepEqual(JSON.parse(peer.sent[0]!), ["OK", note(1).id, true, ""]);
  equal(closeCode(peer), 1001);
});

Deno.test("binary messages get a notice", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  peer.sayBinary(new Uint8Array([1]));
  await settle();
  equal(JSON.parse(peer.sent[0]!)[0], "NOTICE");
  peer.hangUp();
  await settle();
});

Deno.test("NIP01-38 an event that is announced before its row comes is sent once", async () => {
  const store = new PatientStore();
  const world = new FakeRelay({ store, verifier: trustingVerifier });
  const peer = world.connect();
  peer.say('["REQ","s",{}]');
  await settle();
  peer.say(say(note(1)));
  await settle();
  store.answer([note(1), note(0)]);
  await settle();
  deepEqual(peer.sent.map((text) => JSON.parse(text)).map(([verb]) => verb), [
    "OK",
    "EVENT",
    "EVENT",
    "EOSE",
  ]);
  peer.hangUp();
  await settle();
});

Deno.test("NIP01-38 an event that is found before it is announced is sent once", async () => {
  const store = new PatientStore();
  const world = new FakeRelay({ store, verifier: trustingVerifier });
  const peer = world.connect();
  peer.say('["REQ","s",{}]');
  store.feed.untold.add(note(1).created_at);
  await settle();
  store.answer([note(1)]);
  await settle();
  equal(JSON.parse(peer.sent.at(-1)!)[0], "EOSE");
  store.feed.tell([record(note(1)), record(note(2))]);
  await settle();
  const ids = peer.sent.map((text) => JSON.parse(text)).filter(([verb]) => verb === "EVENT")
    .map(([, , event]) => event.id);
  deepEqual(ids, [note(1).id, note(2).id]);
  peer.hangUp();
  await settle();
});

Deno.test("NIP01-38 an event told at any moment around its row is sent once", async () => {
  for (let moment = 0; moment < 30; moment++) {
    const store = new PatientStore();
    const world = new FakeRelay({ store, verifier: trustingVerifier });
    const peer = world.connect();
    peer.say('["REQ","s",{}]');
    store.feed.untold.add(note(1).created_at);
    await settle();
    store.answer([note(1)]);
    // The rows need some microtasks to the loop; the event is told after a few, many, or all of them.
    for (let turn = 0; turn < moment; turn++) await Promise.resolve();
    store.feed.tell([record(note(1))]);
    await settle();
    deepEqual(peer.sent.map((text) => JSON.parse(text)[0]), ["EVENT", "EOSE"], `moment ${moment}`);
    peer.hangUp();
    await settle();
  }
});

Deno.test("NIP01-38 an event that the query was too early for comes after EOSE", async () => {
  const store = new PatientStore();
  const world = new FakeRelay({ store, verifier: trustingVerifier });
  const peer = world.connect();
  peer.say('["REQ","s",{}]', say(note(1)));
  await settle();
  store.answer([]);
  await settle();
  const verbs = peer.sent.map((text) => JSON.parse(text)[0]);
  deepEqual(verbs, ["OK", "EOSE", "EVENT"]);
  peer.hangUp();
  await settle();
});

Deno.test("NIP01-38 under concurrent writes every subscriber gets each event exactly once", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = new SeededRandom(seed);
    const events = generateEvents(random, 300).filter(({ kind }) => kind === 1);
    const ids = [...new Set(events.map(({ id }) => id))].sort();
    const world = new FakeRelay({
      verifier: trustingVerifier,
      limits: { defaultLimit: 500, maxHeldEvents: 500, maxPendingEvents: 500 },
    });
    const publisher = world.connect();
    const readers = [];
    for (const [number, event] of events.entries()) {
      publisher.say(say(event));
      if (number % 10 === 0) {
        const reader = world.connect();
        reader.say('["REQ","s",{"kinds":[1]}]');
        readers.push(reader);
      }
      for (let turn = random.int(4); turn > 0; turn--) await Promise.resolve();
    }
    await settle();
    for (const reader of readers) {
      const got = reader.sent.map((text) => JSON.parse(text))
        .filter(([verb]) => verb === "EVENT").map(([, , event]) => event.id);
      deepEqual(got.sort(), ids, `seed ${seed}`);
      reader.hangUp();
    }
    publisher.hangUp();
    await settle();
  }
});

Deno.test("CLOSE, replacing and hanging up cancel the query", async () => {
  const store = new PatientStore();
  const world = new FakeRelay({ store, limits: { maxConcurrentQueries: 3 } });
  const peer = world.connect();
  peer.say('["REQ","closed",{}]', '["REQ","replaced",{}]', '["REQ","kept",{}]');
  await settle();
  peer.say('["CLOSE","closed"]', '["REQ","replaced",{"limit":0}]');
  await settle();
  deepEqual(store.signals.map(({ aborted }) => aborted), [true, true, false]);
  peer.hangUp();
  await settle();
  deepEqual(store.signals.map(({ aborted }) => aborted), [true, true, true]);
  store.answer([]);
  await settle();
  deepEqual(peer.sent.map((text) => JSON.parse(text)), [["EOSE", "replaced"]]);
});

Deno.test("queries beyond the most at once wait their turn", async () => {
  const store = new PatientStore();
  const world = new FakeRelay({ store, limits: { maxConcurrentQueries: 2 } });
  const peer = world.connect();
  for (let id = 0; id < 5; id++) peer.say(`["REQ","${id}",{}]`);
  await settle();
  equal(store.queries, 2);
  store.answer([]);
  await settle();
  equal(store.queries, 5);
  equal(peer.sent.length, 5);
  peer.hangUp();
  await settle();
});

Deno.test("a query that fails ends in CLOSED error, never in a false EOSE", async () => {
  const store = new PatientStore();
  const lines: string[] = [];
  const log = { ...silentLog, error: (message: string) => void lines.push(message) };
  const world = new FakeRelay({ store, log });
  const peer = world.connect();
  peer.say('["REQ","a",{}]', '["REQ","b",{}]');
  await settle();
  store.fail(new StoreUnavailable("connection refused"));
  await settle();
  const heard = peer.sent.map((text) => JSON.parse(text));
  deepEqual(heard.map(([verb, id]) => [verb, id]), [["CLOSED", "a"], ["CLOSED", "b"]]);
  match(heard[0][2], /^error: /);
  deepEqual(lines, ["reading events fails"], "told once");
  equal(world.relay.subscriptionCount, 0);
  peer.hangUp();
  await settle();
});

Deno.test("an event that cannot be stored is refused with error and not passed on", async () => {
  const writer = { write: () => Promise.reject(new StoreUnavailable("disk full")) };
  const lines: [string, LogFields | undefined][] = [];
  const log = {
    ...silentLog,
    error: (message: string, fields?: LogFields) => void lines.push([message, fields]),
  };
  const world = new FakeRelay({ writer, log, verifier: trustingVerifier });
  const peer = world.connect();
  peer.say('["REQ","s",{}]', say(note(1)), say(note(2)));
  await settle();
  const answers = peer.sent.map((text) => JSON.parse(text)).filter(([verb]) => verb === "OK");
  equal(answers.length, 2);
  for (const [, , accepted, why] of answers) {
    equal(accepted, false);
    match(why, /^error: /);
  }
  equal(peer.sent.length, 3, "two answers and EOSE");
  deepEqual(lines, [["writing events fails", { error: "disk full" }]]);
  peer.hangUp();
  await settle();
});

Deno.test("a connection with enough events pending is not read until some are answered", async () => {
  const writer = new PatientWriter();
  const world = new FakeRelay({
    writer,
    verifier: trustingVerifier,
    limits: { maxPendingEvents: 2 },
  });
  const peer = world.connect();
  peer.say(say(note(1)), say(note(2)));
  await settle();
  equal(peer.isPaused, true);
  peer.say(say(note(3)));
  await settle();
  equal(writer.waiting.length, 2, "what came all the same waits");
  world.clock.advance(600_000);
  await settle();
  equal(closeCode(peer), undefined, "silence that we asked for is no silence");
  for (const { resolve } of writer.waiting) resolve("stored");
  await settle();
  equal(peer.isPaused, false);
  equal(writer.waiting.length, 3);
  writer.waiting[2]!.resolve("stored");
  await settle();
  equal(peer.sent.length, 3);
  peer.hangUp();
  await settle();
});

Deno.test("a connection with enough bytes pending is not read either", async () => {
  const writer = new PatientWriter();
  const world = new FakeRelay({
    writer,
    verifier: trustingVerifier,
    limits: { maxPendingBytes: 20_000 },
  });
  const peer = world.connect();
  peer.say(say(note(1, "x".repeat(30_000))));
  await settle();
  equal(peer.isPaused, true);
  writer.waiting[0]!.resolve("stored");
  await settle();
  equal(peer.isPaused, false);
  peer.hangUp();
  await settle();
});

Deno.test("stored events wait for a peer that reads slowly, and all arrive", async () => {
  const store = new MemoryStore();
  const events = Array.from({ length: 2_000 }, (_, number) => note(number, "x".repeat(200)));
  await store.put(events.map(record));
  const world = new FakeRelay({
    store,
    limits: { maxLimit: 2_000, highWaterBytes: 50_000, maxQueuedBytes: 10_000_000 },
  });
  const peer = world.connect();
  peer.stopReading();
  peer.say('["REQ","s",{"limit":2000}]');
  await settle();
  const first = peer.sent.length;
  ok(first > 0 && first < 2_000, `${first} were sent to a peer that does not read`);
  for (let round = 0; round < 20; round++) {
    peer.readOn();
    peer.stopReading();
    await settle();
  }
  equal(peer.sent.length, 2_001);
  equal(JSON.parse(peer.sent.at(-1)!)[0], "EOSE");
  peer.hangUp();
  await settle();
});

Deno.test("a peer that reads nothing for the idle time is closed", async () => {
  const store = new MemoryStore();
  await store.put(
    Array.from({ length: 500 }, (_, number) => record(note(number, "x".repeat(500)))),
  );
  const world = new FakeRelay({
    store,
    limits: { maxLimit: 500, highWaterBytes: 10_000, maxQueuedBytes: 10_000_000 },
  });
  const peer = world.connect();
  peer.stopReading();
  peer.say('["REQ","s",{"limit":500}]');
  await settle();
  world.clock.advance(30_000);
  await settle();
  world.clock.advance(30_000);
  await settle();
  equal(closeCode(peer), 1008);
  equal(world.relay.counters.closedSlow, 1);
});

Deno.test("a peer too slow for live events is closed at the outbound bound and counted", async () => {
  const world = new FakeRelay({
    verifier: trustingVerifier,
    limits: { maxQueuedBytes: 20_000, highWaterBytes: 10_000 },
  });
  const slow = world.connect();
  const quick = world.connect();
  const publisher = world.connect();
  slow.say('["REQ","s",{}]');
  quick.say('["REQ","s",{}]');
  await settle();
  slow.stopReading();
  for (let number = 0; number < 100; number++) publisher.say(say(note(number, "x".repeat(500))));
  await settle();
  equal(closeCode(slow), 1008);
  equal(slow.isShed, true, "what it did not read is given up");
  ok(slow.queuedBytes < 22_000, `${slow.queuedBytes} bytes were queued`);
  equal(world.relay.counters.closedSlow, 1);
  equal(quick.sent.length, 101, "others notice nothing");
  for (const peer of [quick, publisher]) peer.hangUp();
  await settle();
});

Deno.test("a burst beyond the live queue closes the connection", async () => {
  const store = new MemoryStore();
  const world = new FakeRelay({
    store,
    verifier: trustingVerifier,
    limits: { maxLiveQueue: 3, maxPendingEvents: 100 },
  });
  const reader = world.connect();
  const publisher = world.connect();
  reader.say('["REQ","s",{"kinds":[20001]}]');
  await settle();
  const burst = Array.from(
    { length: 10 },
    (_, n) => author.sign({ kind: 20_001, created_at: n, tags: [], content: "" }),
  );
  publisher.say(...burst.map(say));
  await settle();
  equal(closeCode(reader), 1008);
  publisher.hangUp();
  await settle();
});

Deno.test("more live events than may be held before EOSE end the subscription", async () => {
  const store = new PatientStore();
  const world = new FakeRelay({
    store,
    verifier: trustingVerifier,
    limits: { maxHeldEvents: 3 },
  });
  const peer = world.connect();
  peer.say('["REQ","s",{}]');
  await settle();
  for (let number = 0; number < 5; number++) peer.say(say(note(number)));
  await settle();
  const closed = peer.sent.map((text) => JSON.parse(text)).filter(([verb]) => verb === "CLOSED");
  equal(closed.length, 1);
  match(closed[0][2], /^error: /);
  peer.hangUp();
  store.answer([]);
  await settle();
});

Deno.test("NIP01-66 an event whose commit fails is never broadcast, one that was committed is", async () => {
  const writer = new PatientWriter();
  const world = new FakeRelay({ writer, verifier: trustingVerifier });
  const peer = world.connect();
  peer.say('["REQ","s",{}]', say(note(1)), say(note(2)), say(note(3)));
  await settle();
  const [first, second, third] = writer.waiting;
  first!.resolve("superseded");
  second!.resolve("duplicate");
  await world.store.put([third!.record]);
  third!.resolve("stored");
  await settle();
  const events = peer.sent.map((text) => JSON.parse(text)).filter(([verb]) => verb === "EVENT");
  deepEqual(events.map(([, , event]) => event.id), [note(3).id]);
  peer.hangUp();
  await settle();
});

Deno.test("a known event costs neither a signature check nor a write", async () => {
  let checks = 0;
  let writes = 0;
  const store = new MemoryStore();
  const inner = oneByOne(store);
  const world = new FakeRelay({
    store,
    verifier: { verify: () => Promise.resolve(++checks > 0) },
    writer: { write: (record) => (writes++, inner.write(record)) },
  });
  const peer = world.connect();
  peer.say(say(note(1)));
  await settle();
  peer.say(say(note(1)), say(note(1)));
  await settle();
  deepEqual([checks, writes], [1, 1]);
  deepEqual(peer.sent.map((text) => JSON.parse(text)[3].split(":")[0]), [
    "",
    "duplicate",
    "duplicate",
  ]);
  peer.hangUp();
  await settle();
});

Deno.test("filter values of a connection are bounded: refused whole, and given back at the end", async () => {
  const relay = new FakeRelay();
  const peer = relay.connect();
  const authors = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => (from + i).toString(16).padStart(64, "0"));
  for (let i = 0; i < 4; i++) {
    peer.say(JSON.stringify(["REQ", `${i}`, { authors: authors(i, 990) }]));
  }
  peer.say(JSON.stringify(["REQ", "more", { authors: authors(5_000, 990) }]));
  peer.say(JSON.stringify(["COUNT", "count", { authors: authors(5_000, 990) }]));
  await settle();
  deepEqual(peer.sent.filter((message) => message.startsWith('["CLOSED"')), [
    '["CLOSED","more","rate-limited: your filters list too many values"]',
    '["CLOSED","count","rate-limited: your filters list too many values"]',
  ]);
  peer.say('["CLOSE","0"]');
  peer.say(JSON.stringify(["REQ", "more", { authors: authors(5_000, 990) }]));
  await settle();
  equal(peer.sent.at(-1), '["EOSE","more",["finish"]]');
  peer.hangUp();
});

Deno.test("after the process stood still, what has arrived is read before silence is judged", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  await settle();
  // A minute passes in which no timer fires: the machine was suspended.
  world.clock.advance(90_000);
  await settle();
  equal(closeCode(peer), undefined);
  equal(peer.pings, 1);
  for (let beat = 0; beat < 2; beat++) {
    world.clock.advance(30_000);
    await settle();
  }
  equal(closeCode(peer), 1008, "who goes on saying nothing is closed");
});

Deno.test("an event with a wrong signature costs its sender more than a message", async () => {
  const world = new FakeRelay({ verifier: { verify: () => Promise.resolve(false) } });
  const peer = world.connect();
  const [event] = generateEvents(new SeededRandom(3), 1);
  peer.say(JSON.stringify(["EVENT", event]));
  await settle();
  equal(peer.charged, 7);
  peer.hangUp();
});

Deno.test("an answer from memory comes before the next message is handled, as long as there is room", async () => {
  const clock = new FakeClock();
  const random = new SeededRandom(2);
  const store = new WindowStore(new MemoryStore(clock), { maxBytes: 1e7, clock, random });
  await store.feed.start({ clock, log: silentLog });
  await store.put(Array.from({ length: 8 }, (_, at) => record(note(at, "x".repeat(9_000)))));
  const peer = new FakeRelay({ store, writer: new BatchWriter(store) }).connect();
  await settle();
  peer.takeSent();
  peer.say('["REQ","a",{"limit":2}]', '["CLOSE","a"]', '["REQ","b",{"kinds":[77]}]');
  await settle();
  deepEqual(
    peer.takeSent().map((text) => text.slice(0, 11)),
    ['["EVENT","a', '["EVENT","a', '["EOSE","a"', '["EOSE","b"'],
  );
  peer.stopReading();
  // Each answer fits into one piece, and all together are 20 times as much as may wait.
  peer.say(...Array.from({ length: 20 }, (_, at) => `["REQ","c${at}",{"limit":8}]`));
  await settle();
  ok(peer.queuedBytes < 4 * testLimits.highWaterBytes, `${peer.queuedBytes} bytes wait`);
});
