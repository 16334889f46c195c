/**
 * A disk that fills up under each database that keeps events: nothing that was acknowledged is lost,
 * `/ready` is 503, and when there is space again the relay goes on by itself.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { PostgresServer } from "../kit/postgres_server.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { hasSmallDisks, SmallDisk } from "../kit/small_disk.ts";

const MIB = 1_048_576;

/** The floor of the relay in the tests of embedded databases. */
const MIN_FREE_MIB = 64;

const random = new SeededRandom(1);
const author = new SchnorrSigner(random);
let madeSoFar = 0;

/** An event of about 64 KB, which no database can make shorter. */
function makeEvent(): NostrEvent {
  const content = random.bytes(32_000).toHex();
  return author.sign({ kind: 1, created_at: 1_700_000_000 + madeSoFar++, tags: [], content });
}

/** Publishes until an event is refused, and returns the ids that got OK true. */
async function publishUntilRefused(client: RelayClient): Promise<readonly string[]> {
  const stored: string[] = [];
  for (;;) {
    const event = makeEvent();
    const answer = await client.publish(event);
    if (answer?.accepted !== true) {
      match(answer?.reason ?? "", /^error: /);
      return stored;
    }
    stored.push(event.id);
    ok(stored.length < 20_000, "the disk fills at some time");
  }
}

/** Which of the events the relay does not find. */
async function missing(client: RelayClient, ids: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let at = 0; at < ids.length; at += 100) {
    const wanted = new Set(ids.slice(at, at + 100));
    for (const id of await client.query([{ ids: wanted, tags: new Map() }])) found.add(id);
  }
  return ids.filter((id) => !found.has(id));
}

/** The status of `/ready`. */
async function ready({ url }: RunningRelay): Promise<number> {
  const response = await fetch(new URL("/ready", url.replace(/^ws/, "http")));
  await response.text();
  return response.status;
}

/** Waits until something holds, half a minute at most. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!await holds()) {
    ok(performance.now() < endMs, `in half a minute: ${what}`);
    await sleep(250);
  }
}

/** Waits until events are stored again and the relay says that it is ready. Gives the id of one. */
async function recovered(relay: RunningRelay, client: RelayClient): Promise<string> {
  let stored: string | undefined;
  await until("events are stored again", async () => {
    const event = makeEvent();
    if ((await client.publish(event))?.accepted === true) stored = event.id;
    return stored !== undefined;
  });
  await until("the relay is ready", async () => await ready(relay) === 200);
  return stored!;
}

/** Without the window, so that the database answers. */
const settings = ["cache.max_mib=0", "database.shared_buffers_mb=16"];

for (const kind of ["managed", "pglite"] as const) {
  Deno.test({
    name: `a disk that fills up under ${kind}: stops writing and nothing else, and loses nothing`,
    ignore: !hasSmallDisks,
    async fn() {
      await using disk = await SmallDisk.mount(400);
      const own = {
        database: `${kind}:${disk.path}/database`,
        settings: [...settings, `database.min_free_mib=${MIN_FREE_MIB}`],
      };
      const stored: string[] = [];
      {
        await using relay = await startRelay(own);
        await using client = await RelayClient.connect(relay.url);
        await disk.fill((MIN_FREE_MIB + 40) * MIB);
        equal(await ready(relay), 200);
        stored.push(...await publishUntilRefused(client));
        ok(stored.length > 0);
        equal(await ready(relay), 503);
        ok(await disk.freeBytes() > 0, "the relay stopped before the disk was full");
        ok(relay.log.some((line) => line.includes("the disk is almost full")));

        // Now somebody else takes the rest.
        await disk.fill(0);
        await sleep(3_000);
        deepEqual(await missing(client, stored), []);
        equal((await client.publish(makeEvent()))?.accepted, false);
        equal(await ready(relay), 503);
        ok(!relay.log.some((line) => line.includes("database server ended")), relay.log.join("\n"));

        await disk.relieve();
        stored.push(await recovered(relay, client));
        await relay.kill();
      }
      await using relay = await startRelay(own);
      await using client = await RelayClient.connect(relay.url);
      deepEqual(await missing(client, stored), []);
      await client.close();
      equal(await relay.stop(), 0);
    },
  });
}

Deno.test({
  name: "a disk that is full under managed: without a floor costs no event that was acknowledged",
  ignore: !hasSmallDisks,
  async fn() {
    await using disk = await SmallDisk.mount(300);
    const own = {
      database: `managed:${disk.path}/database`,
      settings: [...settings, "database.min_free_mib=0"],
    };
    await using relay = await startRelay(own);
    await using client = await RelayClient.connect(relay.url);
    await disk.fill(20 * MIB);
    const stored = [...await publishUntilRefused(client)];
    await until("the relay says that it cannot write", async () => await ready(relay) === 503);
    await disk.relieve();
    stored.push(await recovered(relay, client));
    deepEqual(await missing(client, stored), []);
    await client.close();
    equal(await relay.stop(), 0);
  },
});

Deno.test({
  name:
    "a disk that is full under pglite: without a floor costs a restart, and no event that was acknowledged",
  ignore: !hasSmallDisks,
  async fn() {
    await using disk = await SmallDisk.mount(300);
    const own = {
      database: `pglite:${disk.path}/database`,
      settings: [...settings, "database.min_free_mib=0", "database.write_timeout_ms=3000"],
    };
    const stored: string[] = [];
    {
      await using relay = await startRelay(own);
      await using client = await RelayClient.connect(relay.url);
      await disk.fill(20 * MIB);
      stored.push(...await publishUntilRefused(client));
      ok(stored.length > 0);
      await until("the relay says that it cannot write", async () => await ready(relay) === 503);
      await relay.kill();
    }
    await disk.relieve();
    await using relay = await startRelay(own);
    await using client = await RelayClient.connect(relay.url);
    stored.push(await recovered(relay, client));
    deepEqual(await missing(client, stored), []);
    await client.close();
    equal(await relay.stop(), 0);
  },
});

Deno.test({
  name: "a disk that is full under a Postgres server costs no event that was acknowledged",
  ignore: !hasSmallDisks,
  async fn() {
    await using disk = await SmallDisk.mount(300);
    await using server = await PostgresServer.start({
      isDurable: true,
      directory: disk.path,
      settings: ["max_wal_size=64MB"],
    });
    await using relay = await startRelay({ database: await server.freshDatabase(), settings });
    await using client = await RelayClient.connect(relay.url);
    await disk.fill(20 * MIB);
    const stored = [...await publishUntilRefused(client)];
    ok(stored.length > 0);
    await until("the relay says that it cannot write", async () => await ready(relay) === 503);
    ok(relay.log.some((line) => line.includes("writing events fails")));
    await disk.relieve();
    // A server that could not write its log has ended, and is for its service manager to start again.
    if (server.hasEnded) await server.restart();
    stored.push(await recovered(relay, client));
    deepEqual(await missing(client, stored), []);
    await client.close();
    equal(await relay.stop(), 0);
  },
});
