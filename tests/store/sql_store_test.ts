import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { portableHashText } from "../../src/nostr/event_id.ts";
import { utf8 } from "../../src/base/bytes.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { type Database, StatementFailed } from "../../src/store/database/database.ts";
import { type EventRecord, StoreUnavailable } from "../../src/store/event_store.ts";
import { openPglite } from "../../src/store/database/pglite.ts";
import { SqlStore } from "../../src/store/sql_store.ts";
import { openStoreOn } from "../kit/database.ts";
import { PgliteDirectory } from "../kit/pglite_directory.ts";
import { recordOf } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

// What a store does with a database that works is in tests/contract; here are databases that do not.

const note: EventRecord = {
  event: {
    id: "a".repeat(64),
    pubkey: "b".repeat(64),
    created_at: 1,
    kind: 1,
    tags: [],
    content: "",
    sig: "",
  },
  json: utf8("{}"),
};

/** A database that gives these errors, one for each call, and then none but knows nothing. */
class FailingDatabase implements Database {
  readonly #errors: Error[];
  calls = 0;

  constructor(...errors: Error[]) {
    this.#errors = errors;
  }

  query = () => this.#answer<readonly never[]>([]);
  script = () => this.#answer(undefined);
  transaction: Database["transaction"] = async (work) => {
    await this.#answer(undefined);
    return await work({ query: () => Promise.resolve([]), script: () => Promise.resolve() });
  };

  close(): Promise<void> {
    return Promise.resolve();
  }

  #answer<T>(value: T): Promise<T> {
    this.calls++;
    const error = this.#errors.shift();
    return error === undefined ? Promise.resolve(value) : Promise.reject(error);
  }
}

function refused(sqlState: string): StatementFailed {
  return new StatementFailed("no", sqlState, undefined);
}

Deno.test("a batch that met another writer is written anew", async () => {
  for (const sqlState of ["40001", "40P01", "23505"]) {
    const database = new FailingDatabase(refused(sqlState), refused(sqlState));
    // Nothing comes back as inserted, so the event was there.
    deepEqual(await new SqlStore(database, portableHashText).put([note]), ["duplicate"]);
    equal(database.calls, 3);
  }
});

Deno.test("a batch that meets other writers for ever is given up", async () => {
  const database = new FailingDatabase(...Array.from({ length: 9 }, () => refused("40P01")));
  await rejects(new SqlStore(database, portableHashText).put([note]), { sqlState: "40P01" });
  equal(database.calls, 5);
});

Deno.test("data that is refused and a database that is away are not tried again", async () => {
  for (const error of [refused("22P02"), new StoreUnavailable("away")]) {
    const database = new FailingDatabase(error);
    await rejects(new SqlStore(database, portableHashText).put([note]), error);
    equal(database.calls, 1);
  }
});

Deno.test("a query that fails in any way is a store that cannot be had", async () => {
  for (const error of [refused("42P01"), new StoreUnavailable("away")]) {
    const store = new SqlStore(new FailingDatabase(error), portableHashText);
    const reading = Array.fromAsync(store.query([{ tags: new Map() }]));
    await rejects(reading, { name: "StoreUnavailable" });
  }
});

Deno.test("what needs no database asks none", async () => {
  const database = new FailingDatabase();
  const store = new SqlStore(database, portableHashText);
  deepEqual(await store.put([]), []);
  deepEqual(await Array.fromAsync(store.query([])), []);
  deepEqual(await Array.fromAsync(store.query([{ tags: new Map(), ids: new Set() }])), []);
  equal(database.calls, 0);
});

/** Counts the JSON that comes from a database. */
class CountingDatabase implements Database {
  /** Bytes so far. */
  fetched = 0;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async query<Row>(...asked: Parameters<Database["query"]>): Promise<readonly Row[]> {
    const rows = await this.#database.query(...asked);
    for (const row of rows) {
      if (typeof row === "object" && row !== null && "json" in row) {
        this.fetched += (row.json as Uint8Array).length;
      }
    }
    return rows as readonly Row[];
  }

  script(sql: string): Promise<void> {
    return this.#database.script(sql);
  }

  transaction: Database["transaction"] = (work) => this.#database.transaction(work);

  close(): Promise<void> {
    return this.#database.close();
  }
}

Deno.test("however many ask for large events, no more is fetched and not taken than has room", async () => {
  const maxFetchedBytes = 8 * 1_048_576;
  await using directory = await PgliteDirectory.make({ hasSchema: true });
  const database = new CountingDatabase(await openPglite(directory.path));
  const store = await openStoreOn(database, { maxFetchedBytes });
  const records = largeEvents(40, 100_000);
  await store.put(records);
  const total = records.reduce((sum, { json }) => sum + json.length, 0);
  let taken = 0;
  let most = 0;
  const ask = async (filters: readonly ReqFilter[]) => {
    let bytes = 0;
    for await (const events of store.query(filters)) {
      most = Math.max(most, database.fetched - taken);
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (const { json } of events) bytes += json.length;
      taken += events.reduce((sum, { json }) => sum + json.length, 0);
    }
    equal(bytes, total);
  };
  const tags = new Map();
  const [authors, kinds] = [new Set(records.map(({ event }) => event.pubkey)), new Set([1])];
  const questions: readonly (readonly ReqFilter[])[] = [
    [{ tags, limit: 100 }],
    [{ tags, authors, limit: 500 }],
    [{ tags, kinds }, { tags, authors, limit: 1_000 }],
  ];
  await Promise.all(Array.from({ length: 12 }, (_, at) => ask(questions[at % 3]!)));
  equal(taken, 12 * total);
  ok(most <= maxFetchedBytes, `${most} bytes were fetched and not taken`);
  await store.close();
});

function largeEvents(count: number, bytes: number): readonly EventRecord[] {
  const random = new SeededRandom(1);
  const authors = Array.from({ length: 30 }, () => new FakeSigner(random));
  return Array.from({ length: count }, (_, at) => {
    const content = "x".repeat(bytes + at);
    return recordOf(random.pick(authors).sign({ kind: 1, created_at: at, tags: [], content }));
  });
}
