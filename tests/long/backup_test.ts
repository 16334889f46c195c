/**
 * Backups of a relay that is published to without a pause, while backups, restores and the relay itself
 * are killed. `ROUNDS` says how many of each.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { freshDatabases } from "../e2e/databases.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { Load, missingIn, runOn } from "../kit/loaded_backup.ts";
import { Program } from "../kit/program.ts";
import { startRelay } from "../kit/running_relay.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const ROUNDS = Number(Deno.env.get("ROUNDS") ?? 8);

/** Enough for a round of backups on a quick machine. */
const EVENTS = 6_000;

/** Within the start and the work of a command. */
const MAX_DELAY_MS = 2_500;

Deno.test(`nothing acknowledged is missing in the backups of ${ROUNDS} rounds of kills`, async () => {
  const seed = drawSeed();
  console.log(`SEED=${seed}`);
  const random = new SeededRandom(seed);
  await using database = await freshDatabases["managed:"]!();
  const parent = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const acknowledged: NostrEvent[] = [];
  const counts = { killedBackups: 0, killedRestores: 0, killedRelays: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const path = `${parent}/backup-${round}`;
    await using relay = await startRelay({ database: database.url });
    const events = generateEvents(random, EVENTS, { signed: true, deletions: true });
    const load = new Load(relay.url, events);
    await load.until(200);
    if (await killed(["backup", path, "--database", database.url], random)) {
      counts.killedBackups++;
      equal(await exists(path), false);
    }
    // The same name again, which the draft of the killed one does not stop.
    const before = [...acknowledged, ...load.accepted];
    const target = await exists(path) ? `${path}-again` : path;
    const { code, stderr } = await runOn(database.url, "backup", target);
    equal(code, 0, stderr);

    // A relay that is killed fails the backup, which leaves nothing.
    await using failing = new Program("mod.ts", [
      ...["backup", `${path}-failing`, "--config", "/dev/null", "--database", database.url],
    ]);
    await new Promise((resolve) => setTimeout(resolve, random.between(200, MAX_DELAY_MS)));
    await relay.kill();
    counts.killedRelays++;
    await load.stop();
    acknowledged.push(...load.accepted);
    const failed = await failing.end();
    if (failed.code !== 0) match(failed.stderr, /^gallimimus: database: /m);
    deepEqual(
      [await exists(`${path}-failing`), await exists(`${path}-failing.part`)],
      [failed.code === 0, false],
    );

    await using elsewhere = await freshDatabases["pglite:"]!();
    const wasKilled = await killed(
      ["restore", target, "--database", elsewhere.url],
      random,
    );
    counts.killedRestores += Number(wasKilled);
    const restored = await runOn(elsewhere.url, "restore", target, "--merge", "--json");
    equal(restored.code, 0, restored.stderr);
    deepEqual(JSON.parse(restored.stdout).check.faults, {});
    equal(await missingIn(elsewhere.url, before), 0);
    await Deno.remove(target, { recursive: true });
  }
  console.log(JSON.stringify({ ...counts, acknowledged: acknowledged.length }));
  ok(counts.killedBackups > 0 && counts.killedRestores > 0);
  await Deno.remove(parent, { recursive: true });
});

/** Runs a command and kills it after a while; false if it had ended by then. */
async function killed(args: readonly string[], random: SeededRandom): Promise<boolean> {
  await using program = new Program("mod.ts", [...args, "--config", "/dev/null"]);
  await new Promise((resolve) => setTimeout(resolve, random.between(200, MAX_DELAY_MS)));
  try {
    program.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  return (await program.end({ keepInput: true })).code !== 0;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
