/**
 * Relays that mirror each other over real sockets, with links that are cut and healed.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { MirrorPublishers } from "../kit/mirror_publishers.ts";
import { meshOf, MirroredRelays, type MirrorOf, ringOf, until } from "../kit/mirrored_relays.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { onEachDatabase } from "./databases.ts";

const SETTINGS = ["signatures.workers=0", "mirrors.max_retry_s=1"];

const shapes: readonly [string, readonly MirrorOf[]][] = [
  ["a ring of three", ringOf(3)],
  ["a mesh of three", meshOf(3)],
  [
    "a mesh of three in which each takes from both others",
    [0, 1, 2].flatMap((from) =>
      [0, 1, 2].filter((to) => to !== from).map((to) => ({ from, to, direction: "down" as const }))
    ),
  ],
];

for (const [name, mirrors] of shapes) {
  Deno.test(`${name} has the same events everywhere, cut and healed`, async () => {
    await using all = await MirroredRelays.start(3, mirrors);
    ok(await all.connected(), "all are connected");
    const publishers = new MirrorPublishers(new SeededRandom(name.length));
    await publishers.publish(all, 40);
    ok(await all.converge(await publishers.leftOver()), "linked");

    // One relay is alone.
    for (const [number, { from, to }] of mirrors.entries()) {
      if (from === 0 || to === 0) all.links[number]!.cut();
    }
    await publishers.publish(all, 20);
    const others = await all.idsAt(1);
    ok(
      await all.until(async () =>
        (await all.idsAt(1)).symmetricDifference(await all.idsAt(2)).size === 0
      ),
      "the others are linked",
    );
    ok((await all.idsAt(0)).symmetricDifference(others).size > 0, "one is alone");
    for (const link of all.links) link.heal();
    ok(await all.converge(await publishers.leftOver()), "healed");
    await publishers.publish(all, 20);
    const left = await publishers.leftOver();
    ok(await all.converge(left), "linked again");

    for (const { delivered } of all.relays) {
      ok(await all.until(() => left.isSubsetOf(delivered)), "all are delivered");
      deepEqual(new Set(delivered.values()), new Set([1]), "each once");
    }
    for (const link of all.links) ok(link.mostCrossings <= 2, `${link.mostCrossings} crossings`);
  });
}

Deno.test("a mirror with a filter takes what matches, one that goes up sends what matches", async () => {
  await using all = await MirroredRelays.start(3, [
    { from: 1, to: 0, direction: "down", filter: { kinds: [7] } },
    { from: 0, to: 2, direction: "up", filter: { kinds: [1] } },
  ]);
  ok(await all.connected());
  const signer = new SchnorrSigner(new SeededRandom(3));
  const events = [1, 7, 1, 7].map((kind, at) =>
    signer.sign({ created_at: 1_700_000_000 + at, kind, tags: [], content: "" })
  );
  await all.relays[0]!.client.publishAll(events);
  const idsOf = (kind: number) =>
    new Set(events.filter((e) => e.kind === kind).map(({ id }) => id));
  ok(
    await all.until(async () => (await all.idsAt(1)).size === 2 && (await all.idsAt(2)).size === 2),
  );
  deepEqual([await all.idsAt(1), await all.idsAt(2)], [idsOf(7), idsOf(1)]);
  const [up] = all.relays[0]!.host.mirrors;
  const [down] = all.relays[1]!.host.mirrors;
  ok(await all.until(() => up!.counters.sent === 2 && down!.counters.stored === 2));
  equal(down!.counters.received, 2);
});

onEachDatabase((name, fresh) => {
  // The others run the same SQL, which the contract holds.
  if (name !== "pglite:" && name !== "postgres:") return;
  Deno.test(`a relay that was killed catches up with its mirror, on ${name}`, async () => {
    await using database = await fresh();
    await using other = await startRelay({ database: "memory:", settings: SETTINGS });
    const mirror = JSON.stringify([{ url: other.url, direction: "both" }]);
    const start = () =>
      startRelay({ database: database.url, settings: [...SETTINGS, `mirrors.relay=${mirror}`] });
    const author = new SchnorrSigner(new SeededRandom(7));
    const notes = Array.from(
      { length: 90 },
      (_, at) =>
        author.sign({ created_at: 1_700_000_000 + at, kind: 1, tags: [], content: `${at}` }),
    );
    const ids = new Set(notes.map(({ id }) => id));
    await using there = await RelayClient.connect(other.url);
    {
      await using relay = await start();
      const here = await RelayClient.connect(relay.url);
      await Promise.all([
        here.publishAll(notes.slice(0, 20)),
        there.publishAll(notes.slice(20, 40)),
      ]);
      await relay.kill();
      await here.closed;
    }
    await there.publishAll(notes.slice(40, 60));
    await using relay = await start();
    await using here = await RelayClient.connect(relay.url);
    await Promise.all([here.publishAll(notes.slice(60, 75)), there.publishAll(notes.slice(75))]);
    const everything = [{ tags: new Map(), limit: 1_000 }];
    const holds = (client: RelayClient) => async () =>
      new Set(await client.query(everything)).symmetricDifference(ids).size === 0;
    ok(await until(holds(here)), "here");
    ok(await until(holds(there)), "there");
    await here.close();
    await there.close();
    equal(await relay.stop(), 0);
    equal(await other.stop(), 0);
  });
});
