/**
 * Ten relays that mirror each other, a ring with chords, for ten minutes in which links are cut and
 * healed all the time: at the end all have the same, no subscriber was given an event twice, and
 * none crossed a connection more than twice.
 *
 * `SECONDS`, `RELAYS` and `SEED` in the environment change how long, how many, and what happens.
 *
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { setTimeout as later } from "node:timers/promises";
import { MirroredRelays, type MirrorOf, ringOf } from "../kit/mirrored_relays.ts";
import { MirrorPublishers } from "../kit/mirror_publishers.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const seconds = Number(Deno.env.get("SECONDS") ?? 600);
const relays = Number(Deno.env.get("RELAYS") ?? 10);
const seed = drawSeed();

/** Some links go one way; the ring goes both, so that everything gets everywhere. */
function chords(random: SeededRandom): readonly MirrorOf[] {
  return Array.from({ length: relays }, (_, from) => ({
    from,
    to: (from + 2 + random.int(Math.max(1, relays - 3))) % relays,
    direction: random.pick(["down", "up", "both"] as const),
  }));
}

Deno.test(`${relays} relays have the same after ${seconds} seconds of cuts (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  const mirrors = [...ringOf(relays), ...chords(random)];
  // One machine is one client to all of them.
  await using all = await MirroredRelays.start(relays, mirrors);
  ok(await all.connected(), "all are connected");
  const publishers = new MirrorPublishers(random);
  for (const endMs = performance.now() + seconds * 1_000; performance.now() < endMs;) {
    const link = random.pick(all.links);
    if (random.chance(0.4)) link.cut();
    else link.heal();
    await publishers.publish(all, 1);
    await later(500);
  }
  for (const link of all.links) link.heal();
  const left = await publishers.leftOver();
  ok(await all.converge(left, 120_000), "all have the same");
  for (const { delivered } of all.relays) {
    ok(await all.until(() => left.isSubsetOf(delivered)), "all are delivered");
    deepEqual(new Set(delivered.values()), new Set([1]), "each once");
  }
  for (const link of all.links) ok(link.mostCrossings <= 2, `${link.mostCrossings} crossings`);
  console.log(
    `${publishers.events.length} events, ${left.size} left, ` +
      `${all.links.reduce((sum, { crossings }) => sum + crossings.length, 0)} connections`,
  );
});
