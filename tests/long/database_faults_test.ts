/**
 * The database goes away while events are published, in each way that it can: the relay says so once,
 * refuses what it cannot store, keeps what it said it has, and goes on by itself when it can.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { readPostmasterFile } from "../../src/postgres_server/postmaster_file.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { postgresVersions } from "../kit/postgres_binaries.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { makeEvent, missing, Publisher } from "../kit/publisher.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { TcpProxy } from "../kit/tcp_proxy.ts";

/** How often the log has said this. */
function told(relay: RunningRelay, words: string): number {
  return relay.log.filter((line) => line.includes(words)).length;
}

/** Resolves when the log has said this so often, and checks that it did not say it more often. */
async function said(relay: RunningRelay, words: string, times: number): Promise<void> {
  while (told(relay, words) < times) await sleep(2);
  equal(told(relay, words), times);
}

/** A way to lose the database and to have it back. */
interface Fault {
  readonly name: string;
  begin(server: PostgresServer): Promise<void>;
  end(server: PostgresServer): Promise<void>;
}

const faults: readonly Fault[] = [
  {
    name: "is stopped and started",
    begin: (server) => server.halt("SIGINT"),
    end: (server) => server.restart(),
  },
  {
    name: "is killed with -9 and started",
    begin: (server) => server.halt("SIGKILL"),
    end: (server) => server.restart(),
  },
  {
    name: "refuses connections",
    begin: async (server) => {
      await asOperator(server, "alter database relay allow_connections false");
      await asOperator(
        server,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'relay'",
      );
    },
    end: (server) => asOperator(server, "alter database relay allow_connections true"),
  },
];

async function asOperator(server: PostgresServer, statement: string): Promise<void> {
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** What is asked has to reach the database, and one key publishes as fast as it can. */
const UNBOUNDED = ["cache.max_mib=0", "limits.key_event_rate=1000000"];

const cases = postgresVersions.flatMap((version) => faults.map((fault) => ({ version, fault })));

for (const { version, fault } of cases) {
  Deno.test(`what was acknowledged is there after ${version.name} ${fault.name}, twice`, async () => {
    await using server = await PostgresServer.start({ version, isDurable: true });
    await asOperator(server, "create database relay");
    const database = server.url.replace(/postgres$/, "relay");
    await using relay = await startRelay({ database, settings: UNBOUNDED });
    await using client = await RelayClient.connect(relay.url);
    await using listener = await RelayClient.connect(relay.url);
    const publisher = new Publisher(client);
    for (let round = 1; round <= 2; round++) {
      await publisher.storedMore(200);
      await fault.begin(server);
      await publisher.refusedMore(50);
      await listener.query([{ tags: new Map(), limit: 1 }]).then(
        () => {
          throw new Error("an answer without a database");
        },
        ({ message }) => match(message, /^CLOSED error: /),
      );
      await fault.end(server);
      await publisher.storedMore(200);
      equal((await listener.query([{ tags: new Map(), limit: 1 }])).length, 1);
      await said(relay, "writing events fails", round);
      await said(relay, "writing events works again", round);
    }
    await publisher.stop();
    ok(publisher.refusals.every((reason) => reason.startsWith("error: ")));
    deepEqual(await missing(relay, publisher.stored), []);
    equal(await relay.stop(), 0);
    ok(relay.log.length < 30, `a readable log, not ${relay.log.length} lines`);
    console.log(
      `${version.name} ${fault.name}: ${publisher.stored.length} stored, all there; log:`,
    );
    for (const line of relay.log) console.log(`  ${line}`);
  });
}

/** Which process of the relay's own server is killed, and what the log says of it. */
const victims = [
  { name: "server", among: serverOf, said: "database server ended" },
  { name: "process of a connection", among: connectionOf, said: "was terminated by signal 9" },
];

for (const victim of victims) {
  Deno.test(`what was acknowledged is there after a ${victim.name} of managed: is killed with -9, thrice`, async () => {
    await using database = await freshDatabases["managed:"]!();
    await using relay = await startRelay({ database: database.url, settings: UNBOUNDED });
    await using client = await RelayClient.connect(relay.url);
    const publisher = new Publisher(client);
    for (let round = 1; round <= 3; round++) {
      await publisher.storedMore(200);
      Deno.kill(await victim.among(database.url), "SIGKILL");
      await said(relay, victim.said, round);
      await publisher.storedMore(200);
    }
    await publisher.stop();
    ok(publisher.refusals.every((reason) => reason.startsWith("error: ")));
    deepEqual(await missing(relay, publisher.stored), []);
    const [fails, works] = ["writing events fails", "writing events works again"];
    // What is told again within seconds is counted, and told once.
    ok(told(relay, fails!) >= 1 && told(relay, works!) >= 1);
    if (victim.among === serverOf) await said(relay, "database server runs again", 3);
    equal(await relay.stop(), 0);
    ok(relay.log.length < 30, `a readable log, not ${relay.log.length} lines`);
    const { stored, refusals } = publisher;
    console.log(`${stored.length} stored, all there; ${refusals.length} refused; log:`);
    for (const line of relay.log) console.log(`  ${line}`);
  });
}

/** The first process of the server of a `managed:` URL. */
async function serverOf(url: string): Promise<number> {
  return (await readPostmasterFile(`${url.slice("managed:".length)}/data`))!.pid;
}

/** One of its processes that speak to the relay. */
async function connectionOf(url: string): Promise<number> {
  const args = ["-o", "pid=,args=", "--ppid", String(await serverOf(url))];
  const { stdout } = await new Deno.Command("ps", { args }).output();
  const [, pid] = /^ *(\d+) postgres: gallimimus /m.exec(new TextDecoder().decode(stdout))!;
  return Number(pid);
}

Deno.test("a database that hangs makes nobody wait beyond the time-out", async () => {
  await using server = await PostgresServer.start();
  const database = await server.freshDatabase();
  const settings = ["database.write_timeout_ms=500"];
  await using relay = await startRelay({ database, settings: [...settings, ...UNBOUNDED] });
  await using client = await RelayClient.connect(relay.url);
  equal((await client.publish(makeEvent()))?.accepted, true);
  const sql = postgres(database, { max: 1, onnotice: () => {} });
  await sql.begin(async (locker) => {
    await locker`lock table events in access exclusive mode`;
    const answer = await client.publish(makeEvent());
    equal(answer?.accepted, false);
    match(answer!.reason, /^error: /);
  });
  await sql.end();
  while ((await client.publish(makeEvent()))?.accepted !== true) await sleep(20);
  await said(relay, "writing events works again", 1);
});

for (const version of postgresVersions) {
  Deno.test(`${version.name}: connections that freeze are replaced, and a black hole is an outage that ends`, async () => {
    await using server = await PostgresServer.start({ version });
    const url = new URL(await server.freshDatabase());
    await using proxy = new TcpProxy(server.port);
    url.port = String(proxy.port);
    const settings = ["database.write_timeout_ms=3000", "limits.req_timeout_ms=1000"];
    await using relay = await startRelay({
      database: url.href,
      settings: [...settings, ...UNBOUNDED],
    });
    await using client = await RelayClient.connect(relay.url);
    const publisher = new Publisher(client);
    await publisher.storedMore(200);
    for (let round = 0; round < 3; round++) {
      const frozenMs = performance.now();
      proxy.freeze();
      await publisher.storedMore(200);
      console.log(`${version.name} frozen: ${Math.round(performance.now() - frozenMs)} ms`);
    }
    equal(publisher.refusals.length, 0, "each batch was written on another connection");
    const ready = async () => {
      const response = await fetch(new URL("/ready", relay.url.replace("ws", "http")));
      await response.body?.cancel();
      return response.status;
    };
    equal(await ready(), 200);
    proxy.mode = "black hole";
    await publisher.refusedMore(20);
    equal(await ready(), 503);
    proxy.mode = "open";
    await publisher.storedMore(200);
    ok(told(relay, "writing events works again") > 0);
    proxy.mode = "black hole";
    const stoppedMs = performance.now();
    const stopping = publisher.stop();
    equal(await relay.stop(), 0);
    await stopping;
    console.log(`${version.name} stopped: ${Math.round(performance.now() - stoppedMs)} ms`);
  });
}

Deno.test("ten instances that start at once on an empty database all come up", async () => {
  await using server = await PostgresServer.start();
  const database = await server.freshDatabase();
  const settings = ["signatures.workers=0", "database.pool_size=3"];
  const starting = await Promise.allSettled(
    Array.from(
      { length: 10 },
      () => startRelay({ database, settings: [...settings, ...UNBOUNDED] }),
    ),
  );
  await using stack = new AsyncDisposableStack();
  const relays = starting.flatMap((start) => start.status === "fulfilled" ? [start.value] : []);
  for (const relay of relays) stack.use(relay);
  equal(relays.length, 10);
  equal(relays.filter((relay) => told(relay, "schema brought up to date") > 0).length, 1);
  await using first = await RelayClient.connect(relays[0]!.url);
  const event = makeEvent();
  equal((await first.publish(event))?.accepted, true);
  for (const relay of relays) deepEqual(await missing(relay, [event.id]), []);
});
