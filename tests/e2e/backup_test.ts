/**
 * A backup that is written while the relay is published to, restored elsewhere.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Load, missingIn, runOn } from "../kit/loaded_backup.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";
import { freshDatabases } from "./databases.ts";

const EVENTS = 3_000;
const BEFORE = 800;

Deno.test("what was acknowledged before a backup under full write load began is in it", async () => {
  const seed = drawSeed();
  console.log(`SEED=${seed}`);
  const events = generateEvents(new SeededRandom(seed), EVENTS, { signed: true, deletions: true });
  await using database = await freshDatabases["managed:"]!();
  await using elsewhere = await freshDatabases["pglite:"]!();
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const path = `${parent}/backup`;
  await using relay = await startRelay({ database: database.url });
  equal((await runOn(database.url, "ban", "ab".repeat(32), "--key")).code, 0);

  const load = new Load(relay.url, events);
  await load.until(BEFORE);
  const before = [...load.accepted];
  const written = await runOn(database.url, "backup", path, "--json");
  equal(written.code, 0, written.stderr);
  const meanwhile = load.accepted.length - before.length;
  await load.stop();
  equal(await relay.stop(), 0);
  const { counts } = JSON.parse(written.stdout);
  console.log(JSON.stringify({ before: before.length, meanwhile, ...counts }));
  ok(before.length >= BEFORE && meanwhile > 0);

  const restored = await runOn(elsewhere.url, "restore", path, "--json");
  equal(restored.code, 0, restored.stderr);
  const { rules, changes, check } = JSON.parse(restored.stdout);
  deepEqual([rules, changes, check.faults], [1, 1, {}]);
  equal(await missingIn(elsewhere.url, before), 0);
  // That is no matter of course: what came after the backup is missing.
  const after = load.accepted.slice(before.length + meanwhile);
  ok(after.length === 0 || await missingIn(elsewhere.url, after) > 0);
  await Deno.remove(parent, { recursive: true });
});

Deno.test("a backup is restored into a relay that runs, which shows and hides what is in it", async () => {
  const random = new SeededRandom(4);
  const events = generateEvents(random, 60, { signed: true }).filter(({ kind }) => kind === 1);
  const [banned, deleted] = [
    events[0]!,
    events.find(({ pubkey }) => pubkey !== events[0]!.pubkey)!,
  ];
  await using database = await freshDatabases["pglite:"]!();
  await using elsewhere = await freshDatabases["pglite:"]!();
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  equal(await missingIn(database.url, events), events.length);
  equal((await runOn(database.url, "ban", banned.pubkey, "--key")).code, 0);
  equal((await runOn(database.url, "delete", `{"ids":["${deleted.id}"]}`, "--yes")).code, 0);
  equal((await runOn(database.url, "backup", `${parent}/backup`)).code, 0);

  await using relay = await startRelay({ database: elsewhere.url });
  await using client = await RelayClient.connect(relay.url);
  equal((await client.publish(deleted))?.accepted, true);
  const refused = await runOn(elsewhere.url, "restore", `${parent}/backup`);
  deepEqual([refused.code, /is not empty/.test(refused.stderr)], [1, true]);
  const restored = await runOn(elsewhere.url, "restore", `${parent}/backup`, "--merge");
  equal(restored.code, 0, restored.stderr);
  match(restored.stdout, /^removed 1 events that the backup knows as deleted$/m);
  const shown = events.filter(({ id, pubkey }) => id !== deleted.id && pubkey !== banned.pubkey);
  deepEqual(
    new Set(await client.query([{ tags: new Map() }])),
    new Set(shown.map(({ id }) => id)),
  );
  equal((await client.publish(deleted))?.reason, "blocked: this event was deleted");
  equal((await client.publish(banned))?.reason, "blocked: this key is banned");
  equal(await relay.stop(), 0);
  await Deno.remove(parent, { recursive: true });
});
