import { ControlClient } from "../../src/app/control/control_client.ts";
import { ControlServer } from "../../src/app/control/control_server.ts";
import { RemoteStore } from "../../src/app/control/remote_store.ts";
import type { Database } from "../../src/store/database/database.ts";
import { StoreUnavailable } from "../../src/store/event_store.ts";
import { openPglite } from "../../src/store/database/pglite.ts";
import type { TidyStore } from "../../src/store/write/upkeep.ts";
import { openStoreOn } from "../kit/database.ts";
import { lentTo } from "../kit/lent_threads.ts";
import { PgliteDirectory } from "../kit/pglite_directory.ts";
import { CLEAR_TABLES } from "../kit/postgres_server.ts";
import { testBackup, testStoreState } from "./backup_contract.ts";
import { testEventStore } from "./event_store_contract.ts";
import { FEWER } from "./random_part.ts";
import { SEARCHABLE_KINDS, testSearchAndCount, testWordIndex } from "./search_contract.ts";
import { testSlices } from "./slices_contract.ts";
import { testTidying } from "./tidying_contract.ts";

// Opening a database takes seconds, so the suite has one and empties it for each test. What opening and
// closing really do is in tests/store/database/pglite_test.ts.

let directory: PgliteDirectory;
let database: Database;

Deno.test.beforeAll(async () => {
  directory = await PgliteDirectory.make();
  database = await openPglite(directory.path);
});

Deno.test.afterAll(async () => {
  await database.close();
  await directory[Symbol.asyncDispose]();
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

async function clear(): Promise<void> {
  await database.script(CLEAR_TABLES);
}

testEventStore({
  name: "pglite",
  place: async () => {
    await clear();
    return {
      open: () => openStoreOn(new BorrowedDatabase()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  keeps: true,
  // One connection, and one process to a directory.
  shares: false,
  part: FEWER,
});

testSearchAndCount("pglite", async () => {
  await clear();
  return await openStoreOn(new BorrowedDatabase(), { searchableKinds: SEARCHABLE_KINDS });
}, FEWER);

testWordIndex("pglite", async () => {
  await clear();
  return (searchableKinds) => openStoreOn(new BorrowedDatabase(), { searchableKinds });
});

testTidying("pglite", async (clock) => {
  await clear();
  return await openStoreOn(new BorrowedDatabase(), { clock });
});

async function openCleared(): Promise<TidyStore> {
  await clear();
  return await openStoreOn(new BorrowedDatabase());
}

testStoreState("pglite", openCleared);
testBackup("pglite", openCleared);

testBackup("pglite, through a control socket", async () => {
  const inner = await openCleared();
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const path = `${parent}/x.sock`;
  const onRulesChanged = async () => void await inner.rules();
  const server = await ControlServer.open(path, { store: inner, onRulesChanged });
  const remote = new RemoteStore(new ControlClient(path));
  const end = RemoteStore.prototype.close;
  return Object.assign(remote, {
    async close() {
      await end.call(remote);
      await server.close();
      await inner.close();
      await Deno.remove(parent, { recursive: true });
    },
  });
});

const lent = async (inner: TidyStore) => (await lentTo(1, inner))[0]!;

testBackup("pglite, of another thread", async () => await lent(await openCleared()));

testSlices("pglite, of another thread", async () => {
  await clear();
  return async (options) => await lent(await openStoreOn(new BorrowedDatabase(), options));
}, 1);

testSlices("pglite", async () => {
  await clear();
  return (options) => openStoreOn(new BorrowedDatabase(), options);
}, 1);
