import { deepEqual, equal, rejects } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../../src/base/bytes.ts";
import { type Database, StatementFailed } from "../../src/store/database.ts";
import { type EventRecord, StoreUnavailable } from "../../src/store/event_store.ts";
import { SqlStore } from "../../src/store/sql_store.ts";

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
    deepEqual(await new SqlStore(database, sha256).put([note]), ["duplicate"]);
    equal(database.calls, 3);
  }
});

Deno.test("a batch that meets other writers for ever is given up", async () => {
  const database = new FailingDatabase(...Array.from({ length: 9 }, () => refused("40P01")));
  await rejects(new SqlStore(database, sha256).put([note]), { sqlState: "40P01" });
  equal(database.calls, 5);
});

Deno.test("data that is refused and a database that is away are not tried again", async () => {
  for (const error of [refused("22P02"), new StoreUnavailable("away")]) {
    const database = new FailingDatabase(error);
    await rejects(new SqlStore(database, sha256).put([note]), error);
    equal(database.calls, 1);
  }
});

Deno.test("a query that fails in any way is a store that cannot be had", async () => {
  for (const error of [refused("42P01"), new StoreUnavailable("away")]) {
    const store = new SqlStore(new FailingDatabase(error), sha256);
    const reading = Array.fromAsync(store.query([{ tags: new Map() }]));
    await rejects(reading, { name: "StoreUnavailable" });
  }
});

Deno.test("what needs no database asks none", async () => {
  const database = new FailingDatabase();
  const store = new SqlStore(database, sha256);
  deepEqual(await store.put([]), []);
  deepEqual(await Array.fromAsync(store.query([])), []);
  deepEqual(await Array.fromAsync(store.query([{ tags: new Map(), ids: new Set() }])), []);
  equal(database.calls, 0);
});
