/**
 * What a relay of several threads has once, and what has to reach all of them.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { freePort } from "../kit/free_port.ts";
import { until } from "../kit/mirrored_relays.ts";
import { OtherRelay } from "../kit/other_relay.ts";
import { runOn } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { freshDatabases } from "./databases.ts";

/** The system chooses a thread for each connection: one of two has none of these once in 2^15 runs. */
const CONNECTIONS = 16;

const ALL = { tags: new Map() };

/** Asks each client until all find these events, for ten seconds. */
async function allFind(clients: readonly RelayClient[], ids: readonly string[]): Promise<boolean> {
  return await until(async () => {
    const found = await Promise.all(clients.map((client) => client.query([ALL])));
    return found.every((some) => some.toSorted().join() === ids.toSorted().join());
  });
}

for (const name of ["pglite:", "managed:"]) {
  Deno.test(`commands, mirrors and figures on ${name} are those of one relay, and deletions reach all threads`, async () => {
    const signer = new SchnorrSigner(new SeededRandom(1));
    const note = (content: string) =>
      signer.sign({ kind: 1, created_at: 1_700_000_000, tags: [], content });
    const [theirs, spam, good] = ["theirs", "spam", "good"].map(note);
    await using other = new OtherRelay({}, [theirs!]);
    await using database = await freshDatabases[name]!();
    const port = freePort();
    await using stack = new AsyncDisposableStack();
    const relay = stack.use(
      await startRelay({
        database: database.url,
        settings: [
          ...["network.workers=2", "signatures.workers=0", `metrics.listen=127.0.0.1:${port}`],
          `mirrors.relay=[{"url":"${other.url}","direction":"down"}]`,
        ],
      }),
    );
    const opening = Array.from({ length: CONNECTIONS }, () => RelayClient.connect(relay.url));
    const clients = (await Promise.all(opening)).map((client) => stack.use(client));
    equal((await clients[0]!.publish(spam!))?.accepted, true);
    equal((await clients[1]!.publish(good!))?.accepted, true);
    ok(await allFind(clients, [theirs!.id, spam!.id, good!.id]), "of the mirror, too");

    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const value = (series: string) => {
      const line = text.split("\n").find((line) => line.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length));
    };
    const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.slice(0, line.lastIndexOf(" ")));
    equal(new Set(series).size, series.length, "no series stands twice");
    const wanted: readonly [string, number][] = [
      [`gallimimus_mirror_connected{url="${other.url}"}`, 1],
      [`gallimimus_mirror_received_total{url="${other.url}"}`, 1],
      ["gallimimus_connections", CONNECTIONS],
      ["gallimimus_connection_limit", 10_000],
      ["nostr_cmd_event_total", 2],
      // With that of the mirror.
      ['gallimimus_events_total{outcome="stored"}', 3],
      ["nostr_events_write_seconds_count", 2],
      ["gallimimus_feed_up", 1],
      ["gallimimus_writing_fails", 0],
      ["gallimimus_disk_floor_bytes", 256 * 1_048_576],
    ];
    for (const [name, count] of wanted) equal(value(name), count, name);
    ok(value("gallimimus_store_bytes")! > 0);

    const filter = JSON.stringify({ ids: [spam!.id] });
    match((await runOn(database.url, "delete", filter, "--yes")).stdout, /^deleted 1 /);
    ok(await allFind(clients, [theirs!.id, good!.id]), "it is gone from each thread");
    for (const client of clients) {
      deepEqual(await client.publish(spam!), {
        accepted: false,
        reason: "blocked: this event was deleted",
      });
    }
    match((await runOn(database.url, "delete", "--forget", "--yes", "{}")).stdout, /^deleted 2 /);
    ok(await allFind(clients, []), "all are gone from each thread");
    equal((await clients[0]!.publish(good!))?.accepted, true);
    ok(await allFind(clients, [good!.id]), "what may come again does");

    for (const path of ["/health", "/ready"]) {
      for (let times = 0; times < CONNECTIONS; times++) {
        const response = await fetch(new URL(path, relay.url.replace(/^ws/, "http")));
        deepEqual([response.status, await response.text()], [200, "ok\n"]);
      }
    }
    equal(await relay.stop(), 0);
  });
}

Deno.test("a full disk refuses events in each thread, and is told once", async () => {
  await using database = await freshDatabases["managed:"]!();
  await using stack = new AsyncDisposableStack();
  const relay = stack.use(
    await startRelay({
      database: database.url,
      settings: ["network.workers=2", "database.min_free_mib=1073741824"],
    }),
  );
  const opening = Array.from({ length: CONNECTIONS }, () => RelayClient.connect(relay.url));
  const clients = (await Promise.all(opening)).map((client) => stack.use(client));
  const signer = new SchnorrSigner(new SeededRandom(1));
  for (const [at, client] of clients.entries()) {
    const event = signer.sign({ kind: 1, created_at: 1_700_000_000, tags: [], content: `${at}` });
    match((await client.publish(event))?.reason ?? "", /^error: /);
    const response = await fetch(new URL("/ready", relay.url.replace(/^ws/, "http")));
    deepEqual([response.status, await response.text()], [
      503,
      "the disk is almost full, no event is stored\n",
    ]);
  }
  equal(relay.log.filter((line) => line.includes("the disk is almost full")).length, 1);
  equal(await relay.stop(), 0);
});
