/**
 * `kill -9` in the middle of publishing: what was told to be stored is stored. In the middle of an import:
 * what was put off is made up for.
 *
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { eventJson } from "../../src/nostr/event_json.ts";
import { Crowd } from "../kit/crowd.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { Program } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { onEachDatabase } from "./databases.ts";

/** More than an import reads before it has stored some. */
const IMPORTED = 6_000;

const ROUNDS = 3;
const EVENTS = 300;

onEachDatabase((name, fresh) => {
  // What memory holds is gone with the process, and says so.
  if (name === "memory:") return;
  Deno.test(`every event that got OK true survives kill -9 on ${name}`, async () => {
    await using database = await fresh();
    const random = new SeededRandom(7);
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await using relay = await startRelay({ database: database.url });
      await using client = await RelayClient.connect(relay.url);
      const events = generateEvents(random, EVENTS, { signed: true })
        .filter(({ kind }) => kind === 1 || kind === 7);
      const publishing = client.publishAll(events, 50);
      // Killed when some are answered and some are on their way, whatever the machine's speed.
      while (client.answered < 40) await new Promise((resolve) => setTimeout(resolve, 1));
      await relay.kill();
      const answers = await publishing;
      const stored = events.filter((_, place) => answers[place]?.accepted);
      ok(stored.length >= 40);
      acknowledged.push(...stored.map(({ id }) => id));
    }
    await using relay = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(relay.url);
    const missing: string[] = [];
    for (let start = 0; start < acknowledged.length; start += 500) {
      const ids = acknowledged.slice(start, start + 500);
      const found = new Set(await client.query([{ ids: new Set(ids), tags: new Map() }]));
      missing.push(...ids.filter((id) => !found.has(id)));
    }
    deepEqual(missing, []);
    equal(await relay.stop(), 0);
  });

  if (name !== "pglite:" && name !== "managed:") return;
  Deno.test(`after an import that was killed, the next start builds the indexes of ${name}`, async () => {
    await using database = await fresh();
    const crowd = new Crowd(new SeededRandom(7), {
      authors: 500,
      startTime: 1_700_000_000,
      eventsPerSecond: 0.1,
    });
    {
      const options = ["--no-verify", "--no-limits", "--config", "/dev/null"];
      await using importing = new Program("mod.ts", [
        ...["import", "-", "--database", database.url],
        ...options,
      ]);
      for (let i = 0; i < IMPORTED; i++) await importing.write(`${eventJson(crowd.next())}\n`);
      importing.kill("SIGKILL");
      await importing.end({ keepInput: true });
    }
    await using relay = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(relay.url);
    const authors = new Set(crowd.authors.slice(0, 1));
    const found = await client.query([{ authors, tags: new Map(), limit: 10 }]);
    equal(found.length, 10);
    equal(relay.log.filter((line) => line.includes("indexes created")).length, 1, relay.log.join());
    equal(await relay.stop(), 0);
  });
});
