/**
 * `gallimimus sync` against another relay, both the real program.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { kindClass } from "../../src/nostr/kind.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { Program } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { onDatabases } from "./databases.ts";

/** Runs the program to its end and gives what it printed. */
async function run(args: readonly string[], input = ""): Promise<string> {
  await using program = new Program("mod.ts", args);
  if (input !== "") await program.write(input);
  const { code, stdout, stderr } = await program.end();
  equal(code, 0, stderr);
  return stdout;
}

function linesOf(events: readonly NostrEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

onDatabases(["pglite:", "managed:"], (name, fresh) => {
  Deno.test(`NEG-20 a database and another relay have the same afterwards, on ${name}`, async () => {
    await using database = await fresh();
    const random = new SeededRandom(11);
    const all = new Map(
      generateEvents(random, 700, { signed: true }).map((event) => [event.id, event]),
    );
    const events = [...all.values()].filter(({ kind }) =>
      kindClass(kind) === "regular" && kind !== 5
    );
    const open = events.filter(({ kind }) => kind !== 4 && kind !== 1059);
    const here = events.filter((_, at) => at % 3 !== 0);
    const there = open.filter((event) => !here.includes(event) || open.indexOf(event) % 2 === 0);
    const settings = ["--set", "signatures.workers=0", "--database", database.url];
    await run(["import", "-", ...settings], linesOf(here));

    // It compares few at a time, so that time has to be halved.
    await using remote = await startRelay({
      database: "memory:",
      settings: ["limits.max_sync_events=150"],
    });
    await using client = await RelayClient.connect(remote.url);
    ok((await client.publishAll(there)).every((answer) => answer!.accepted));

    const missingHere = there.filter((event) => !here.includes(event)).length;
    const missingThere = here.filter((event) =>
      open.includes(event) && !there.includes(event)
    ).length;
    const dry = await run(["sync", remote.url, "--dry-run", ...settings]);
    equal(dry, `missing here ${missingHere}, missing there ${missingThere}\n`);
    const said = await run(["sync", remote.url, ...settings]);
    match(said, new RegExp(`fetched: stored ${missingHere}, .*\nsent: accepted ${missingThere}\n`));
    equal(
      await run(["sync", remote.url, "--dry-run", ...settings]),
      "missing here 0, missing there 0\n",
    );
    deepEqual(
      new Set(await client.query([{ tags: new Map(), limit: 1_000 }])),
      new Set(open.map(({ id }) => id)),
    );
    await client.close();
    equal(await remote.stop(), 0);
  });
});

Deno.test("what cannot be synced with is told in a sentence", async () => {
  await using program = new Program("mod.ts", [
    ...["sync", "ws://127.0.0.1:1/", "--database", "memory:"],
  ]);
  const { code, stderr } = await program.end();
  equal(code, 1);
  match(stderr, /gallimimus: ws:\/\/127\.0\.0\.1:1\/: .*ECONNREFUSED|refused/);
});

Deno.test("a relay of ours that does not reconcile is read page by page", async () => {
  await using remote = await startRelay({
    database: "memory:",
    settings: ["limits.max_sync_events=0", "limits.max_limit=50", "limits.default_limit=50"],
  });
  await using client = await RelayClient.connect(remote.url);
  const events = generateEvents(new SeededRandom(12), 300, { signed: true }).filter(({ kind }) =>
    kindClass(kind) === "regular" && ![4, 5, 1059].includes(kind)
  );
  const there = new Map(events.map((event) => [event.id, event]));
  ok((await client.publishAll([...there.values()])).every((answer) => answer!.accepted));
  await using program = new Program("mod.ts", [
    ...["sync", remote.url, "--dry-run", "--database", "memory:"],
  ]);
  const { code, stdout, stderr } = await program.end();
  equal(code, 0, stderr);
  match(stderr, /blocked: this relay does not reconcile/);
  equal(stdout, `missing here ${there.size}, missing there 0\n`);
  await client.close();
  equal(await remote.stop(), 0);
});
