import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { TimeBudget } from "../../../src/store/database/time_budget.ts";
import type { Database, Statement } from "../../../src/store/database/database.ts";
import type { EventRecord, EventStore } from "../../../src/store/event_store.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { openStoreOn } from "../../kit/database.ts";
import { type SharedServer, testOnEachServer } from "../../kit/each_server.ts";
import { PostgresServer } from "../../kit/postgres_server.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const test = testOnEachServer({ own: true });

const author = new FakeSigner(new SeededRandom(4));
let clock = 1;

function note(): EventRecord {
  return recordOf(author.sign({ kind: 1, created_at: clock++, tags: [["t", "x"]], content: "é" }));
}

function number(text: string, parameters: readonly (string | number)[] = []): Statement<number> {
  return { text, parameters, read: (cells) => cells.integer(0) };
}

async function withDatabase(
  server: SharedServer,
  options: Parameters<typeof openPostgres>[1],
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const database = openPostgres(await server.freshDatabase(), options);
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

async function countOf(store: EventStore): Promise<number> {
  let count = 0;
  for await (const chunk of store.query([{ tags: new Map() }])) count += chunk.length;
  return count;
}

test("cells are read as hex, integer, text and bytes", (server) =>
  withDatabase(server, {}, async (database) => {
    const [cells] = await database.query({
      text: "select $1::bytea, $2::int8, $3::text",
      parameters: ["\\x00ff", 2 ** 53 - 1, "é\u2028🎉"],
      read: (cells) => [cells.hex(0), cells.integer(1), cells.text(2), [...cells.utf8(2)]],
    });
    deepEqual(cells, ["00ff", 2 ** 53 - 1, "é\u2028🎉", [...utf8("é\u2028🎉")]]);
  }));

test("the connections plan as plan.ts says and nothing else", (server) =>
  withDatabase(server, {}, async (database) => {
    for (const name of ["jit", "enable_seqscan", "enable_hashjoin"]) {
      const shown = { text: `show ${name}`, parameters: [] };
      deepEqual(await database.query({ ...shown, read: (cells) => cells.text(0) }), ["off"]);
    }
  }));

test("a query that exceeds statement_timeout is an outage, and the connection stays", (server) =>
  withDatabase(server, { readConnections: 1, readTimeoutMs: 50 }, async (database) => {
    await rejects(database.query(number("select pg_sleep(60)::text")), {
      name: "StoreUnavailable",
      message: /timeout/,
    });
    deepEqual(await database.query(number("select 1")), [1]);
  }));

test("a query that exceeds its time budget is cancelled at the server, and the connection stays", (server) =>
  withDatabase(server, { readConnections: 1, readTimeoutMs: 60_000 }, async (database) => {
    await database.query(number("select 1"));
    const timeBudget = new TimeBudget(100, systemClock);
    const sleep = number("select pg_sleep(50)::text");
    await rejects(database.query(sleep, { timeBudget }), {
      name: "QueryTimedOut",
      message: "the query took longer than 100 ms",
    });
    equal(database.stats?.timedOut, 1);
    // There is one connection, so this waits for the server to have stopped.
    deepEqual(await database.query(number("select 2")), [2]);
    await rejects(database.query(number("select 3"), { timeBudget }), { name: "QueryTimedOut" });
    equal(database.stats?.running, 0);
  }));

test("waiting for a connection does not count against the time budget", (server) =>
  withDatabase(server, { readConnections: 1, readTimeoutMs: 60_000 }, async (database) => {
    const slow = database.query(number("select pg_sleep(0.6)::text"));
    const timeBudget = new TimeBudget(500, systemClock);
    deepEqual(await database.query(number("select 1"), { timeBudget }), [1]);
    await slow;
  }));

test("an abort cancels the statement at the server", (server) =>
  withDatabase(server, { readConnections: 1, readTimeoutMs: 60_000 }, async (database) => {
    await database.query(number("select 1"));
    const controller = new AbortController();
    const reason = new Error("no longer wanted");
    const sleeping = database.query(number("select pg_sleep(50)::text"), {
      signal: controller.signal,
    });
    await untilRunning(database, "pg_sleep");
    controller.abort(reason);
    await rejects(sleeping, reason);
    // There is one connection, so this waits for the server to have stopped.
    deepEqual(await database.query(number("select 2")), [2]);
  }));

test("waiting for a connection can be aborted", (server) =>
  withDatabase(server, { readConnections: 1, readTimeoutMs: 60_000 }, async (database) => {
    const [running, waiting] = [new AbortController(), new AbortController()];
    const sleep = number("select pg_sleep(50)::text");
    const first = database.query(sleep, { signal: running.signal });
    const second = database.query(sleep, { signal: waiting.signal });
    waiting.abort(new Error("second"));
    await rejects(second, { message: "second" });
    await untilRunning(database, "pg_sleep");
    running.abort(new Error("first"));
    await rejects(first, { message: "first" });
    deepEqual(await database.query(number("select 3")), [3]);
  }));

test("aborts at any moment harm no other query", (server) =>
  withDatabase(server, { readConnections: 2 }, async (database) => {
    await database.query(number("select 1"));
    for (let round = 0; round < 100; round++) {
      const controller = new AbortController();
      const reason = new Error("no longer wanted");
      const unwanted = database.query(number("select sum(n) from generate_series(1, 2000) as n"), {
        signal: controller.signal,
      }).catch((error) => equal(error, reason));
      const wanted = Array.from(
        { length: 4 },
        (_, i) => database.query(number("select $1::int8", [i])),
      );
      for (let turn = round % 5; turn > 0; turn--) await new Promise((next) => setImmediate(next));
      controller.abort(reason);
      await unwanted;
      deepEqual((await Promise.all(wanted)).flat(), [0, 1, 2, 3]);
    }
  }));

test("after a query that ended amid its rows, the next one is complete", (server) =>
  withDatabase(server, { readConnections: 1 }, async (database) => {
    const two = number("select 6 / (3 - n) from generate_series(1, 3) as n");
    await rejects(database.query(two), { message: "division by zero" });
    deepEqual(await database.query(number("select 7 union all select 8")), [7, 8]);
  }));

test("a transaction that fails is rolled back and names its own error", (server) =>
  withDatabase(server, {}, async (database) => {
    await database.script("create table numbers (n int8 primary key)");
    const insert = number("insert into numbers values ($1) returning n", [1]);
    const own = new Error("changed my mind");
    const undecided = database.transaction(async (session) => {
      await session.query(insert);
      throw own;
    });
    await rejects(undecided, own);
    const twice = database.transaction((session) =>
      Promise.all([session.query(insert), session.query(insert)])
    );
    await rejects(twice, { name: "StatementFailed", sqlState: "23505" });
    deepEqual(await database.query(number("select count(*) from numbers")), [0]);
  }));

test("a session cannot be used after its transaction", (server) =>
  withDatabase(server, {}, async (database) => {
    const session = await database.transaction((session) => Promise.resolve(session));
    await rejects(session.query(number("select 1")), { name: "StoreUnavailable" });
  }));

Deno.test("a server that cannot be reached is an outage", async () => {
  const database = openPostgres("postgres://nobody@127.0.0.1:1/none", { connectTimeoutMs: 2_000 });
  await rejects(database.query(number("select 1")), { name: "StoreUnavailable" });
  await rejects(database.transaction(() => Promise.resolve()), { name: "StoreUnavailable" });
  await rejects(database.script("select 1"), { name: "StoreUnavailable" });
  await database.close();
});

test("a missing database is an outage", async (server) => {
  const database = openPostgres(server.url.replace(/postgres$/, "missing"));
  await rejects(database.query(number("select 1")), { name: "StoreUnavailable" });
  await database.close();
});

test("a server that is stopped or crashes under load is an outage, and then it is back", async ({ version }) => {
  await using own = await PostgresServer.start({ version, isDurable: true });
  const store = await openStoreOn(
    openPostgres(await own.freshDatabase(), { connectTimeoutMs: 2_000 }),
  );
  try {
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const before = await countOf(store);
      let stored = 0;
      let outages = 0;
      const write = async () => {
        while (outages < 3) {
          try {
            await store.put([note(), note()]);
            stored += 2;
          } catch (error) {
            equal((error as Error).name, "StoreUnavailable");
            outages++;
          }
        }
      };
      const read = async () => {
        while (outages < 3) {
          await countOf(store).catch((error) => equal(error.name, "StoreUnavailable"));
        }
      };
      const load = Promise.all([write(), write(), write(), read(), read()]);
      while (stored < 40) await new Promise((next) => setTimeout(next, 5));
      await own.halt(signal);
      await load;
      await own.restart();
      // What was acknowledged is there; what was not may be.
      ok(await countOf(store) >= before + stored);
      deepEqual(await store.put([note()]), ["stored"]);
    }
  } finally {
    await store.close();
  }
});

test("a server that closed its connections and refuses new ones is an outage at once", async (server) => {
  const url = await server.freshDatabase();
  const name = new URL(url).pathname.slice(1);
  const database = openPostgres(url, { readConnections: 1, writeConnections: 1 });
  const operator = openPostgres(server.url, { readConnections: 1, writeConnections: 1 });
  const one = number("select 1");
  const write = () => database.transaction((session) => session.query(one));
  try {
    await Promise.all([database.query(one), write()]);
    const busy = number("select pg_sleep(60)::text");
    const [reading, writing] = [
      rejects(database.query(busy), { name: "StoreUnavailable" }),
      rejects(database.transaction((session) => session.query(busy)), { name: "StoreUnavailable" }),
    ];
    await operator.script(`alter database ${name} allow_connections false`);
    await operator.script(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    );
    await Promise.all([reading, writing]);
    for (let round = 0; round < 3; round++) {
      await rejects(database.query(one), { name: "StoreUnavailable" });
      await rejects(write(), { name: "StoreUnavailable" });
    }
    await operator.script(`alter database ${name} allow_connections true`);
    deepEqual([await database.query(one), await write()], [[1], [1]]);
  } finally {
    await Promise.all([database.close(), operator.close()]);
  }
});

test("a Unix socket is named by its directory", async (server) => {
  const socket = new URL(await server.freshDatabase());
  const { port } = socket;
  const host = await socketDirectory(server.url);
  const byQuery = `postgres://postgres@localhost:${port}${socket.pathname}?host=${host}`;
  const byHost = `postgres://postgres@${encodeURIComponent(host)}:${port}${socket.pathname}`;
  for (const url of [byQuery, byHost]) {
    const database = openPostgres(url);
    try {
      const peer = { text: "select coalesce(inet_client_addr()::text, 'socket')", parameters: [] };
      const [client] = await database.query({
        text: `${peer.text} from pg_stat_activity where pid = pg_backend_pid()`,
        parameters: [],
        read: (cells) => cells.text(0),
      });
      equal(client, "socket");
    } finally {
      await database.close();
    }
  }
});

/** Where a server has its socket. */
async function socketDirectory(url: string): Promise<string> {
  const database = openPostgres(url);
  try {
    const [directory] = await database.query({
      text: "show unix_socket_directories",
      parameters: [],
      read: (cells) => cells.text(0),
    });
    return directory!;
  } finally {
    await database.close();
  }
}

/** Asks on the connection of transactions, for the one of queries is taken. */
async function untilRunning(database: Database, word: string): Promise<void> {
  const running = number(
    `select count(*) from pg_stat_activity
    where query like '%' || $1 || '%' and state = 'active' and pid <> pg_backend_pid()
      and datname = current_database()`,
    [word],
  );
  for (;;) {
    const [count] = await database.transaction((session) => session.query(running));
    if (count! > 0) return;
  }
}
