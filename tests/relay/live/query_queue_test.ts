import { deepEqual, equal } from "node:assert/strict";
import type { ReqFilter } from "../../../src/nostr/filter.ts";
import { type Query, QueryQueue } from "../../../src/relay/live/query_queue.ts";
import type { EventStore, QueryOptions, StoredEvent } from "../../../src/store/event_store.ts";
import { LocalFeed } from "../../../src/store/feed/local_feed.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { whenReady } from "../../../src/store/read/when_ready.ts";
import { testLimits } from "../../kit/limits.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { recordOf, someEvent } from "../../kit/records.ts";
import { settle } from "../../kit/fake_relay.ts";

class Question implements Query {
  readonly filters: readonly ReqFilter[];
  readonly #controller = new AbortController();

  constructor(limit: number) {
    this.filters = [{ tags: new Map(), limit }];
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }
}

/** Answers with as many chunks of one row as the limit says, and counts what was pulled. */
class ChunkStore implements EventStore {
  readonly feed = new LocalFeed();
  pulled = 0;
  ended = 0;

  put(): Promise<never> {
    throw new Error("nothing is stored here");
  }

  async *query(
    [filter]: readonly ReqFilter[],
    options: QueryOptions = {},
  ): AsyncIterable<readonly StoredEvent[]> {
    try {
      for (let row = 0; row < filter!.limit!; row++) {
        await whenReady(options);
        this.pulled++;
        yield [{ seq: row, id: `${row}`, createdAt: row, json: new Uint8Array() }];
      }
    } finally {
      this.ended++;
    }
  }

  identify(): never {
    throw new Error("no ids are listed here");
  }

  count(): Promise<never> {
    throw new Error("nothing is counted here");
  }

  reindex(): never {
    throw new Error("nothing is searched here");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function queueOf(store: EventStore, maxConcurrentQueries: number): QueryQueue<Question> {
  return new QueryQueue<Question>(store, { ...testLimits, maxConcurrentQueries });
}

Deno.test("a search has its own time, every other query another", async () => {
  const timeouts: (number | undefined)[] = [];
  const store = partialStore({
    async *query(_filters, { timeoutMs } = {}) {
      timeouts.push(timeoutMs);
      yield await Promise.resolve([]);
    },
  });
  const queue = queueOf(store, 3);
  const plain = { tags: new Map() };
  const search = { ...plain, search: new Set(["fox"]) };
  for (const filters of [[plain], [search], [plain, search]]) {
    queue.add(Object.assign(new Question(1), { filters }));
  }
  await settle();
  const { reqTimeoutMs, searchTimeoutMs } = testLimits;
  deepEqual(timeouts, [reqTimeoutMs, searchTimeoutMs, searchTimeoutMs]);
  queue.drop();
});

Deno.test("rows come in order, then the end; the next chunk is pulled when this one was taken", async () => {
  const store = new ChunkStore();
  const queue = queueOf(store, 1);
  queue.add(new Question(3));
  const steps: string[] = [];
  for (let step = 0; step < 4; step++) {
    await settle();
    equal(store.pulled, Math.min(step + 1, 3));
    for (const { result, taken } of queue.results.take()) {
      steps.push(result.type === "rows" ? result.rows[0]!.id : result.type);
      taken();
    }
  }
  deepEqual(steps, ["0", "1", "2", "end"]);
  await settle();
  equal(queue.size, 0);
});

Deno.test("no end follows rows that the store knows to be the last", async () => {
  const store = new MemoryStore();
  await store.put([recordOf(someEvent())]);
  const queue = queueOf(store, 1);
  queue.add(new Question(1));
  await settle();
  const [rows, ...others] = queue.results.take();
  deepEqual([rows?.result.type, others.length], ["rows", 0]);
  deepEqual(rows?.result.type === "rows" && rows.result.isLast, true);
  rows?.taken();
  await settle();
  deepEqual([queue.size, queue.results.length], [0, 0]);
});

Deno.test("a whole answer that is at hand comes at once, unless the connection has no room", async () => {
  const row = { seq: 1, id: "1", createdAt: 1, json: new Uint8Array(1) };
  let hasRoom = true;
  let iterations = 0;
  const store = partialStore({
    query: () => ({
      whole: () => [row],
      async *[Symbol.asyncIterator]() {
        iterations++;
        yield await Promise.resolve([row]);
      },
    }),
  });
  const limits = { ...testLimits, maxConcurrentQueries: 1 };
  const queue = new QueryQueue<Question>(store, limits, { hasRoom: () => hasRoom });
  const query = new Question(1);
  deepEqual(queue.add(query), { type: "rows", query, rows: [row], isLast: true });
  deepEqual([queue.size, queue.results.length, iterations], [0, 0, 0]);
  hasRoom = false;
  equal(queue.add(new Question(1)), undefined);
  await settle();
  deepEqual([queue.size, queue.results.length, iterations], [1, 1, 1]);
  hasRoom = true;
  equal(queue.add(new Question(1)), undefined, "it waits behind the one that runs");
  deepEqual(queue.size, 2);
  queue.results.take().forEach(({ taken }) => taken());
  await settle();
  queue.hold();
  queue.results.take().forEach(({ taken }) => taken());
  await settle();
  queue.results.take().forEach(({ taken }) => taken());
  await settle();
  queue.drop();
  await settle();
  equal(queue.add(new Question(1)), undefined, "the queue is held");
  queue.drop();
});

Deno.test("a store that fails at once has failed", () => {
  const error = new Error("broken");
  const query = new Question(1);
  const queue = queueOf(
    partialStore({
      query: () => {
        throw error;
      },
    }),
    1,
  );
  deepEqual(queue.add(query), { type: "failed", query, error });
  equal(queue.size, 0);
});

Deno.test("while it is held nothing is read, and what was read before still comes", async () => {
  const store = new ChunkStore();
  const queue = queueOf(store, 2);
  queue.add(new Question(2));
  await settle();
  queue.hold();
  queue.hold();
  queue.add(new Question(1));
  await settle();
  const [first] = queue.results.take();
  equal(first!.result.type, "rows");
  first!.taken();
  await settle();
  deepEqual([store.pulled, queue.results.length], [1, 0]);
  queue.release();
  await settle();
  deepEqual([store.pulled, queue.results.length], [3, 2]);
  queue.drop();
});

Deno.test("a query that is held can be ended", async () => {
  const store = new ChunkStore();
  const queue = queueOf(store, 1);
  const first = new Question(2);
  queue.hold();
  queue.add(first);
  queue.add(new Question(1));
  await settle();
  first.abort();
  await settle();
  deepEqual([store.ended, queue.size], [1, 1]);
  queue.release();
  await settle();
  equal(store.pulled, 1);
  queue.drop();
});

Deno.test("no more than the most run at once", async () => {
  const store = new ChunkStore();
  const queue = queueOf(store, 2);
  for (let i = 0; i < 5; i++) queue.add(new Question(1));
  await settle();
  equal(store.pulled, 2);
  equal(queue.size, 5);
  while (queue.size > 0) {
    for (const { taken } of queue.results.take()) taken();
    await settle();
  }
  equal(store.pulled, 5);
});

Deno.test("a query that was aborted while it waited is never started", async () => {
  const store = new ChunkStore();
  const queue = queueOf(store, 1);
  const second = new Question(1);
  queue.add(new Question(1));
  queue.add(second);
  second.abort();
  await settle();
  while (queue.size > 0) {
    for (const { taken } of queue.results.take()) taken();
    await settle();
  }
  equal(store.pulled, 1);
});

Deno.test("an aborted query ends without further results and makes room", async () => {
  const store = new ChunkStore();
  const queue = queueOf(store, 1);
  const first = new Question(1_000);
  queue.add(first);
  queue.add(new Question(1));
  await settle();
  first.abort();
  for (const { taken } of queue.results.take()) taken();
  await settle();
  equal(store.ended, 1);
  const [next] = queue.results.take();
  equal(next!.result.query !== first, true);
  queue.drop();
});

Deno.test("drop lets go of everything", async () => {
  const store = new ChunkStore();
  const queue = queueOf(store, 2);
  const questions = Array.from({ length: 5 }, () => new Question(10));
  questions.forEach((question) => queue.add(question));
  await settle();
  for (const question of questions) question.abort();
  queue.drop();
  await settle();
  equal(queue.size, 0);
  equal(store.ended, 2);
});

Deno.test("queries that have ended while they waited are gone at once", async () => {
  const queue = new QueryQueue(new ChunkStore(), { ...testLimits, maxConcurrentQueries: 1 });
  queue.add(new Question(2));
  await settle();
  const waiting = Array.from({ length: 1_000 }, () => new Question(1));
  for (const question of waiting) {
    queue.add(question);
    question.abort();
  }
  equal(queue.size, 1);
  queue.drop();
});
