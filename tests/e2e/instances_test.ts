/**
 * Two instances on one database. `tests/long/instances_test.ts` is the same, and large.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { generateEvents } from "../kit/event_generator.ts";
import { freePort } from "../kit/free_port.ts";
import { packagedPostgres, postgresVersions } from "../kit/postgres_binaries.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { runTwoInstances } from "../kit/two_instances.ts";
import { freshDatabases } from "./databases.ts";

for (const { name } of postgresVersions) {
  Deno.test(`two instances on ${name}: each subscriber gets each event once, though they are cut off`, async () => {
    await using database = await freshDatabases[`${name}:`]!();
    const latencies = await runTwoInstances({
      database: database.url,
      subscribers: 10,
      events: 400,
      cuts: 3,
    });
    equal(latencies.length, 400);
  });
}

Deno.test("a relay is replaced by another one on its port, and clients find one at any time", async () => {
  await using database = await freshDatabases[`${packagedPostgres.name}:`]!();
  const listen = `127.0.0.1:${freePort()}`;
  const start = () =>
    startRelay({ database: database.url, listen, settings: ["network.reuse_port=true"] });
  await using old = await start();
  const [event] = generateEvents(new SeededRandom(1), 1, { signed: true });
  await using client = await RelayClient.connect(old.url);
  ok((await client.publish(event!))?.accepted);
  let isOver = false;
  const visits = (async () => {
    let found = 0;
    // A second try: whom the old one had let in is sent away, to find the other one.
    for (; !isOver; found++) {
      deepEqual(await visit(old.url, event!.id).catch(() => visit(old.url, event!.id)), [
        event!.id,
      ]);
    }
    return found;
  })();
  await using successor = await start();
  equal(await old.stop(), 0);
  await client.closed;
  isOver = true;
  ok(await visits > 0);
  equal(await successor.stop(), 0);
});

async function visit(url: string, id: string): Promise<readonly string[]> {
  await using visitor = await RelayClient.connect(url);
  return await visitor.query([{ ids: new Set([id]), tags: new Map() }]);
}
