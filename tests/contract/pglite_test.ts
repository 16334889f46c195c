import type { Database } from "../../src/store/database.ts";
import { StoreUnavailable } from "../../src/store/event_store.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { openStoreOn } from "../kit/database.ts";
import { testEventStore } from "./event_store_contract.ts";
import { SEARCHABLE_KINDS, testSearchAndCount, testWordIndex } from "./search_contract.ts";
import { testTidying } from "./tidying_contract.ts";

// Making a database takes seconds, so the suite has one and empties it for each test. What opening and
// closing really do is in tests/store/pglite_test.ts.

let directory: string;
let database: Database;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  database = await openPglite(`${directory}/pglite`);
});

Deno.test.afterAll(async () => {
  await database.close();
  await Deno.remove(directory, { recursive: true });
});

/** The suite's database, until it is closed as a store would close its own. */
class BorrowedDatabase implements Database {
  #isClosed = false;

  query: Database["query"] = (statement, options) =>
    this.#open().then((open) => open.query(statement, options));
  transaction: Database["transaction"] = (work) =>
    this.#open().then((open) => open.transaction(work));
  script: Database["script"] = (sql) => this.#open().then((open) => open.script(sql));

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #open(): Promise<Database> {
    if (!this.#isClosed) return Promise.resolve(database);
    return Promise.reject(new StoreUnavailable("closed"));
  }
}

async function empty(): Promise<void> {
  await database.script("drop schema public cascade; create schema public");
}

testEventStore({
  name: "pglite",
  place: async () => {
    await empty();
    return {
      open: () => openStoreOn(new BorrowedDatabase()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  keeps: true,
  // One connection, and one process to a directory.
  shares: false,
});

testSearchAndCount("pglite", async () => {
  await empty();
  return await openStoreOn(new BorrowedDatabase(), { searchableKinds: SEARCHABLE_KINDS });
});

testWordIndex("pglite", async () => {
  await empty();
  return (searchableKinds) => openStoreOn(new BorrowedDatabase(), { searchableKinds });
});

testTidying("pglite", async (clock) => {
  await empty();
  return await openStoreOn(new BorrowedDatabase(), { clock });
});
