/**
 * The primary of a relay is killed with -9 while events are published: reads go on from its replica,
 * which is then promoted, and nothing that was acknowledged is lost.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { missing, Publisher } from "../kit/publisher.ts";
import { postgresVersions } from "../kit/postgres_binaries.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";

async function onServer(server: PostgresServer, ...statements: readonly string[]): Promise<void> {
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  try {
    for (const statement of statements) await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** Has each commit wait until the replica has it on its disk. */
async function makeSynchronous(primary: PostgresServer): Promise<void> {
  await onServer(
    primary,
    "alter system set synchronous_standby_names = '*'",
    "select pg_reload_conf()",
  );
}

/** With memory in front of the database, and without. */
const windows = [
  { name: "with its window", settings: [] },
  { name: "without a window", settings: ["cache.max_mib=0"] },
];

for (const [place, version] of postgresVersions.entries()) {
  const window = windows[place % windows.length]!;
  Deno.test(`${version.name}: a primary is lost, its replica promoted, and nothing acknowledged with it, ${window.name}`, async () => {
    await using primary = await PostgresServer.start({ version, isDurable: true });
    await onServer(primary, "create database relay");
    await using replica = await primary.replica();
    await makeSynchronous(primary);
    const servers = `127.0.0.1:${primary.port},127.0.0.1:${replica.port}`;
    await using relay = await startRelay({
      database: `postgres://postgres@${servers}/relay?target_session_attrs=read-write`,
      settings: [
        ...window.settings,
        `database.read_url=postgres://postgres@127.0.0.1:${replica.port}/relay`,
      ],
    });
    await using client = await RelayClient.connect(relay.url);
    const publisher = new Publisher(client);
    await publisher.storedMore(500);

    await primary.halt("SIGKILL");
    await publisher.refusedMore(50);
    const acknowledged = [...publisher.stored];
    deepEqual(await missing(relay, acknowledged), [], "the replica has what was acknowledged");

    await onServer(replica, "select pg_promote()");
    const promotedMs = performance.now();
    await publisher.storedMore(1);
    console.log(`stored again ${Math.round(performance.now() - promotedMs)} ms after promotion`);
    await publisher.storedMore(500);
    await publisher.stop();
    deepEqual(await missing(relay, publisher.stored), []);
    ok(publisher.refusals.every((reason) => reason.startsWith("error: ")));

    while (!relay.log.some((line) => line.includes("primary answers again"))) await sleep(20);
    equal(await relay.stop(), 0);
    console.log(`${version.name}: ${publisher.stored.length} stored, all there; log:`);
    for (const line of relay.log) console.log(`  ${line}`);
    const told = (words: string) => relay.log.filter((line) => line.includes(words)).length;
    equal(told("primary away"), 1);
    equal(told("writing events fails"), 1);
    equal(told("writing events works again"), 1);
    ok(relay.log.length < 30, `a readable log, not ${relay.log.length} lines`);
  });
}
