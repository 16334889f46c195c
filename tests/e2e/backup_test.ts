/**
 * A backup that is written while the relay is published to, restored elsewhere.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { Load, missingIn, runOn } from "../kit/loaded_backup.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { freshDatabases } from "./databases.ts";

const EVENTS = 3_000;
const BEFORE = 800;

Deno.test("what was acknowledged before a backup under full write load began is in it", async () => {
  const seed = Math.floor(Math.random() * 1e9);
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
