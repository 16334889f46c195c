/**
 * The store on Postgres behind PgBouncer in transaction mode.
 *
 * @module
 */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { systemClock } from "../../src/app/system/system_clock.ts";
import { checkDirect, checkServer } from "../../src/store/database/check_server.ts";
import type { ListeningDatabase, Statement } from "../../src/store/database/database.ts";
import { openPostgres, type PostgresOptions } from "../../src/store/database/postgres.ts";
import { TimeBudget } from "../../src/store/database/time_budget.ts";
import { openStoreOn } from "../kit/database.ts";
import { type SharedServer, sharedServers } from "../kit/each_server.ts";
import { PgBouncer, pgBouncerFault } from "../kit/pgbouncer.ts";
import { packagedPostgres } from "../kit/postgres_binaries.ts";
import { runTwoInstances } from "../kit/two_instances.ts";
import { testConnection } from "./event_store_contract.ts";
import { FEWER } from "./random_part.ts";

if (pgBouncerFault === undefined) {
  const servers = sharedServers({ own: true, keepsSchema: true });
  testThroughPooler(servers.find(({ version }) => version === packagedPostgres)!);
} else {
  Deno.test.ignore(`not run here: the store behind PgBouncer, ${pgBouncerFault}`, () => {});
}

function testThroughPooler(server: SharedServer): void {
  let pooler: PgBouncer;
  Deno.test.beforeAll(async () => {
    pooler = await PgBouncer.start(server.url);
  });
  Deno.test.afterAll(() => pooler[Symbol.asyncDispose]());

  const open = (url: string, options: PostgresOptions = {}) =>
    openPostgres(pooler.through(url), { directUrl: url, clock: systemClock, ...options });

  // The whole suite runs on the same Postgres in `postgres_test.ts`, without the pooler.
  testConnection({
    name: "postgres behind PgBouncer",
    place: async () => {
      const url = await server.freshDatabase();
      return {
        open: () => openStoreOn(open(url)),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
    keeps: true,
    shares: true,
    part: FEWER / 2,
  });

  /** Opens a database through the pooler for one test. */
  const test = (
    sentence: string,
    work: (database: ListeningDatabase, url: string) => Promise<void>,
    options?: PostgresOptions,
  ) => {
    Deno.test(`behind PgBouncer: ${sentence}`, async () => {
      const url = await server.freshDatabase();
      const database = open(url, options);
      try {
        await work(database, url);
      } finally {
        await database.close();
      }
    });
  };

  test(
    "the settings hold in each query and transaction, and are not left to others",
    async (database, url) => {
      for (let round = 0; round < 10; round++) {
        deepEqual(await database.query(SETTINGS), ["force_generic_plan off gallimimus read 10s"]);
        const own = await database.transaction((session) => session.query(SETTINGS));
        deepEqual(own, ["force_generic_plan off gallimimus write 30s"]);
      }
      const stranger = openPostgres(pooler.through(url), { directUrl: url });
      await stranger.script("do $$ begin assert current_setting('jit') = 'on'; end $$");
      await stranger.close();
    },
  );

  test(
    "a query that exceeds its time budget is cancelled at the server",
    async (database) => {
      const timeBudget = new TimeBudget(200, systemClock);
      const sleep = { text: "select pg_sleep($1::int4)::text", parameters: [50], read: () => {} };
      await rejects(database.query(sleep, { timeBudget }), { name: "QueryTimedOut" });
      // There is one connection, so this waits for the server to have stopped.
      deepEqual(await database.query(SETTINGS), ["force_generic_plan off gallimimus read 1min"]);
    },
    { readConnections: 1, readTimeoutMs: 60_000 },
  );

  test("aborted queries leave the answers of the next ones right", async (database) => {
    const echo = (value: number): Statement<number> => ({
      text: "select $1::int8",
      parameters: [value],
      read: (cells) => cells.integer(0),
    });
    for (let round = 0; round < 60; round++) {
      const controller = new AbortController();
      const aborted = database.query(echo(-round), { signal: controller.signal }).catch(() => []);
      for (let turn = round % 12; turn > 0; turn--) await new Promise((next) => setImmediate(next));
      controller.abort(new Error("no longer wanted"));
      const answers = await Promise.all([database.query(echo(round)), database.query(echo(7))]);
      deepEqual(answers, [[round], [7]]);
      await aborted;
    }
  }, { readConnections: 2 });

  test("without the server's own URL, one sentence says which settings help", async (_, url) => {
    const database = openPostgres(pooler.through(url));
    await rejects(checkServer(database), {
      name: "StoreUnavailable",
      message: /a connection pooler stands before Postgres .* database\.direct_url/,
    });
    await database.close();
  });

  test("the server's own URL is checked", async (database, url) => {
    await checkServer(database);
    await checkDirect(database);
    const faults: readonly [string, RegExp][] = [
      [server.url, /is not heard at database\.direct_url/],
      [pooler.through(url), /^database\.direct_url: a connection pooler stands/],
    ];
    for (const [directUrl, message] of faults) {
      const wrong = open(url, { directUrl });
      await rejects(checkDirect(wrong), { name: "StoreUnavailable", message });
      await wrong.close();
    }
  });

  Deno.test("two relays behind PgBouncer: each subscriber gets each event once", async () => {
    const url = await server.freshDatabase();
    const latencies = await runTwoInstances({
      ...{ database: url, pooled: pooler.through(url) },
      ...{ subscribers: 5, events: 100, cuts: 1 },
    });
    equal(latencies.length, 100);
  });
}

const SETTINGS: Statement<string> = {
  text: `select concat_ws(' ', current_setting('plan_cache_mode'), current_setting('jit'),
  current_setting('application_name'), current_setting('statement_timeout'))`,
  parameters: [],
  read: (cells) => cells.text(0),
};
