import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { BatchWriter, defaultBatchLimits } from "../../../src/store/write/batch_writer.ts";
import {
  type EventRecord,
  type EventStore,
  type PutOutcome,
  StoreUnavailable,
} from "../../../src/store/event_store.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));

function record(number: number, content = `${number}`): EventRecord {
  return recordOf(author.sign({ kind: 1, created_at: number, tags: [], content }));
}

/** Writes as memory does, notes each batch, and fails as the test says. */
class WatchedStore implements EventStore {
  readonly #inner = new MemoryStore();
  readonly feed = this.#inner.feed;
  readonly batches: string[][] = [];
  failure: ((batch: readonly EventRecord[]) => Error | undefined) | undefined = undefined;

  async put(batch: readonly EventRecord[]): Promise<readonly PutOutcome[]> {
    this.batches.push(batch.map(({ event }) => event.content));
    await Promise.resolve();
    const error = this.failure?.(batch);
    if (error !== undefined) throw error;
    return await this.#inner.put(batch);
  }

  query: EventStore["query"] = (filters, options) => this.#inner.query(filters, options);

  identify: EventStore["identify"] = (filters, options) => this.#inner.identify(filters, options);

  count: EventStore["count"] = (filters, options) => this.#inner.count(filters, options);

  reindex: EventStore["reindex"] = () => this.#inner.reindex();

  close(): Promise<void> {
    return this.#inner.close();
  }
}

Deno.test("a single event is written at once", async () => {
  const store = new WatchedStore();
  const writer = new BatchWriter(store);
  equal(await writer.write(record(1)), "stored");
  deepEqual(store.batches, [["1"]]);
  await writer.close();
});

Deno.test("events of one turn, or that arrive during a batch, form a batch, in order", async () => {
  const store = new WatchedStore();
  const writer = new BatchWriter(store);
  const first = [1, 2, 3].map((number) => writer.write(record(number)));
  while (store.batches.length === 0) await Promise.resolve();
  const second = [4, 5].map((number) => writer.write(record(number)));
  await Promise.all([...first, ...second]);
  deepEqual(store.batches, [["1", "2", "3"], ["4", "5"]]);
  await writer.close();
});

Deno.test("a batch is limited in events and bytes, but takes one large event", async () => {
  const store = new WatchedStore();
  const size = record(1).json.length;
  const writer = new BatchWriter(store, {
    ...defaultBatchLimits,
    ...{ maxEvents: 3, maxBytes: size * 2 + 10, maxInFlight: 1 },
  });
  const small = [1, 2, 3].map((number) => writer.write(record(number)));
  const large = writer.write(record(4, "x".repeat(size * 5)));
  await Promise.all([...small, large]);
  deepEqual(store.batches.map((batch) => batch.length), [2, 1, 1]);
  const counted = new BatchWriter(store, { ...defaultBatchLimits, maxEvents: 2, maxInFlight: 1 });
  await Promise.all([5, 6, 7].map((number) => counted.write(record(number))));
  deepEqual(store.batches.slice(3).map((batch) => batch.length), [2, 1]);
});

Deno.test("each event gets its own outcome", async () => {
  const writer = new BatchWriter(new WatchedStore());
  await writer.write(record(1));
  const outcomes = await Promise.all([record(1), record(2)].map((each) => writer.write(each)));
  deepEqual(outcomes, ["duplicate", "stored"]);
  await writer.close();
});

Deno.test("an event that the database rejects fails alone", async () => {
  const store = new WatchedStore();
  store.failure = (batch) =>
    batch.some(({ event }) => event.content === "poison") ? new Error("bad data") : undefined;
  const writer = new BatchWriter(store);
  const numbers = [1, 2, 3, 4, 5, 6, 7];
  const results = await Promise.allSettled(
    numbers.map((number) => writer.write(record(number, number === 3 ? "poison" : `${number}`))),
  );
  deepEqual(results.map(({ status }) => status === "fulfilled"), [
    ...[true, true, false],
    ...[true, true, true, true],
  ]);
  await writer.close();
});

Deno.test("an unavailable database fails the batch without retrying its halves, and the next batch is tried", async () => {
  const store = new WatchedStore();
  store.failure = () => new StoreUnavailable("connection refused");
  const writer = new BatchWriter(store);
  const results = await Promise.allSettled([1, 2, 3].map((number) => writer.write(record(number))));
  ok(results.every(({ status }) => status === "rejected"));
  equal(store.batches.length, 1);
  store.failure = undefined;
  equal(await writer.write(record(1)), "stored");
  await writer.close();
});

Deno.test("close waits for accepted events and accepts no more", async () => {
  const store = new WatchedStore();
  const writer = new BatchWriter(store);
  const taken = [1, 2].map((number) => writer.write(record(number)));
  await writer.close();
  equal(store.batches.length, 1);
  deepEqual(await Promise.all(taken), ["stored", "stored"]);
  await rejects(writer.write(record(3)), StoreUnavailable);
});

/** Writes nothing until it is told to. */
class HeldStore {
  readonly batches: string[][] = [];
  readonly #answers: (() => void)[] = [];

  put = (batch: readonly EventRecord[]) =>
    new Promise<readonly PutOutcome[]>((resolve) => {
      this.batches.push(batch.map(({ event }) => event.content));
      this.#answers.push(() => resolve(batch.map(() => "stored" as const)));
    });

  /** Answers the batch with this number, and lets what follows from that happen. */
  async answer(number: number): Promise<void> {
    this.#answers[number]!();
    await settled();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("two batches are written at once, while the third one forms", async () => {
  const store = new HeldStore();
  const writer = new BatchWriter(store);
  const writes: Promise<PutOutcome>[] = [];
  for (let number = 1; number <= 4; number++) {
    writes.push(writer.write(record(number)));
    await settled();
  }
  deepEqual(store.batches, [["1"], ["2"]]);
  await store.answer(1);
  deepEqual(store.batches, [["1"], ["2"], ["3", "4"]]);
  equal(await writes[1], "stored");
  await store.answer(0);
  await store.answer(2);
  deepEqual(await Promise.all(writes), ["stored", "stored", "stored", "stored"]);
  await writer.close();
});

Deno.test("a request is written after what came before it, and before what comes after", async () => {
  const store = new HeldStore();
  const writer = new BatchWriter(store);
  const request = author.sign({ kind: 5, created_at: 1, tags: [], content: "delete" });
  const writes = [writer.write(record(1))];
  await settled();
  writes.push(writer.write(recordOf(request)));
  await settled();
  deepEqual(store.batches, [["1"]]);
  await store.answer(0);
  writes.push(writer.write(record(2)));
  await settled();
  deepEqual(store.batches, [["1"], ["delete"]]);
  await store.answer(1);
  await store.answer(2);
  deepEqual(store.batches, [["1"], ["delete"], ["2"]]);
  deepEqual(await Promise.all(writes), ["stored", "stored", "stored"]);
  await writer.close();
});

Deno.test("an overdue batch rejects its events and those behind it; later ones are written", async () => {
  const clock = new FakeClock();
  const answers: (() => void)[] = [];
  const put = (batch: readonly EventRecord[]) =>
    new Promise<readonly PutOutcome[]>((resolve) => {
      answers.push(() => resolve(batch.map(() => "stored" as const)));
    });
  const limits = { ...defaultBatchLimits, maxInFlight: 1 };
  const writer = new BatchWriter({ put }, limits, { clock, timeoutMs: 1_000 });
  const first = writer.write(record(1));
  while (answers.length === 0) await Promise.resolve();
  const second = writer.write(record(2));
  const both = Promise.all([
    rejects(first, StoreUnavailable),
    rejects(second, StoreUnavailable),
  ]);
  clock.advance(1_000);
  await both;
  await rejects(writer.write(record(3)), StoreUnavailable);
  answers[0]!();
  await new Promise((resolve) => setTimeout(resolve));
  const fourth = writer.write(record(4));
  while (answers.length === 1) await Promise.resolve();
  answers[1]!();
  equal(await fourth, "stored");
  await writer.close();
  deepEqual([answers.length, clock.timerCount], [2, 0]);
});

/** An event that touches so many rows. */
function heavy(number: number, rows: number): EventRecord {
  const tags = Array.from({ length: rows - 1 }, (_, tag) => ["t", `${number}-${tag}`]);
  return recordOf(author.sign({ kind: 1, created_at: number, tags, content: `h${number}` }));
}

function request(number: number, targets: number): EventRecord {
  const tags = Array.from({ length: targets }, () => ["e", "ab".repeat(32)]);
  return recordOf(author.sign({ kind: 5, created_at: number, tags, content: `d${number}` }));
}

Deno.test("a batch is limited in rows, but takes one event that touches more", async () => {
  const store = new WatchedStore();
  const writer = new BatchWriter(store, { ...defaultBatchLimits, maxRows: 500 });
  await Promise.all(
    [heavy(1, 300), heavy(2, 250), heavy(3, 250), heavy(4, 900)].map((each) => writer.write(each)),
  );
  deepEqual(store.batches, [["h1"], ["h2", "h3"], ["h4"]]);
  await writer.close();
});

Deno.test("heavy batches never take the last place, so light events do not wait for them", async () => {
  const store = new HeldStore();
  const writer = new BatchWriter(store);
  const writes = [1, 2, 3, 4].map((number) => writer.write(heavy(number, 5_000)));
  await settled();
  deepEqual(store.batches, [["h1"]]);
  writes.push(writer.write(record(5)));
  await settled();
  deepEqual(store.batches, [["h1"], ["5"]]);
  await store.answer(1);
  equal(await writes[4], "stored");
  for (const number of [0, 2, 3, 4]) await store.answer(number);
  deepEqual(store.batches, [["h1"], ["5"], ["h2"], ["h3"], ["h4"]]);
  await writer.close();
});

Deno.test("large deletion requests, which are written alone, let others in between", async () => {
  const store = new HeldStore();
  const writer = new BatchWriter(store);
  for (const number of [1, 2, 3]) void writer.write(request(number, 2_000));
  await settled();
  for (const number of [4, 5, 6]) void writer.write(record(number));
  await settled();
  for (let answered = 0; answered < 4; answered++) await store.answer(answered);
  deepEqual(store.batches, [["d1"], ["4", "5", "6"], ["d2"], ["d3"]]);
  await writer.close();
});

Deno.test("the heavy events of one source do not delay those of another", async () => {
  const store = new HeldStore();
  const writer = new BatchWriter(store);
  const loud = [1, 2, 3, 4].map((number) => writer.write(heavy(number, 3_000), "loud"));
  const quiet = writer.write(heavy(5, 1_500), "quiet");
  await settled();
  deepEqual(store.batches, [["h1", "h5"]]);
  await store.answer(0);
  equal(await quiet, "stored");
  for (const number of [1, 2, 3]) await store.answer(number);
  await Promise.all(loud);
  await writer.close();
});

Deno.test("an overdue heavy batch fails no light one", async () => {
  const clock = new FakeClock();
  const store = new HeldStore();
  const writer = new BatchWriter(store, defaultBatchLimits, { clock, timeoutMs: 1_000 });
  const large = writer.write(heavy(1, 5_000));
  await settled();
  clock.advance(999);
  const light = writer.write(record(2));
  await settled();
  clock.advance(1);
  await rejects(large, StoreUnavailable);
  await rejects(writer.write(heavy(3, 5_000)), StoreUnavailable);
  await store.answer(1);
  equal(await light, "stored");
  await store.answer(0);
  await writer.close();
});

Deno.test("closing does not wait for overdue batches, whatever was waiting behind them", async () => {
  const clock = new FakeClock();
  const store = new HeldStore();
  const writer = new BatchWriter(store, defaultBatchLimits, { clock, timeoutMs: 1_000 });
  const writes = [writer.write(record(1))];
  await settled();
  writes.push(writer.write(request(2, 2_000)), writer.write(heavy(3, 5_000)));
  await settled();
  const ends = Promise.allSettled(writes);
  const closing = writer.close();
  clock.advance(1_000);
  await settled();
  await store.answer(1);
  await closing;
  deepEqual((await ends).map(({ status }) => status), ["rejected", "rejected", "fulfilled"]);
  equal(clock.timerCount, 0);
});
