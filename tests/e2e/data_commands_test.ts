/**
 * The commands that work on a relay's events: beside the running relay, and without it.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { npubEncode } from "nostr-tools/nip19";
import { Program } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { onEachDatabase } from "./databases.ts";

const ALL = { tags: new Map() };

function note(by: Uint8Array, content: string, created_at = 1_700_000_000) {
  return finalizeEvent({ kind: 1, created_at, tags: [], content }, by);
}

/** Runs a command of the program on a database. */
async function run(database: string, ...args: readonly string[]) {
  const flags = ["--config", "/dev/null", "--database", database];
  await using program = new Program("mod.ts", [...args, ...flags]);
  return await program.end();
}

onEachDatabase((name, fresh) => {
  if (!name.startsWith("postgres")) return;
  Deno.test(`what a spammer wrote is banned, found, counted and deleted beside a relay on ${name}`, async () => {
    await using database = await fresh();
    await using relay = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(relay.url);
    const [spammer, author] = [generateSecretKey(), generateSecretKey()];
    const spam = Array.from({ length: 30 }, (_, at) => note(spammer, `spam ${at}`));
    const good = note(author, "good");
    for (const event of [...spam, good]) equal((await client.publish(event))?.accepted, true);
    const npub = npubEncode(getPublicKey(spammer));
    const filter = `{"authors":["${npub}"]}`;

    equal((await run(database.url, "ban", npub)).code, 0);
    const found = await run(database.url, "query", `{"authors":["${npub}"],"limit":2}`);
    const ids = found.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).id);
    deepEqual(ids, spam.map(({ id }) => id).toSorted().slice(0, 2));
    deepEqual(await run(database.url, "count", "--json", filter), {
      code: 0,
      stdout: '{"count":30}\n',
      stderr: "",
    });
    match((await run(database.url, "delete", filter)).stdout, /^30 events would be deleted/);
    deepEqual(await run(database.url, "delete", filter, "--yes"), {
      code: 0,
      stdout: "deleted 30 events\n",
      stderr: "",
    });
    equal((await run(database.url, "unban", npub)).code, 0);

    // The relay is notified, and may be a moment behind.
    for (let at = 0; at < 100 && (await client.query([ALL])).length !== 1; at++);
    deepEqual(await client.query([ALL]), [good.id]);
    for (let at = 0;; at++) {
      const answer = await client.publish(spam[0]!);
      if (answer?.reason?.includes("banned") && at < 100) continue;
      deepEqual([answer?.accepted, answer?.reason], [false, "blocked: this event was deleted"]);
      break;
    }
    equal((await client.publish(note(spammer, "changed their mind")))?.accepted, true);

    const { code, stdout } = await run(database.url, "check");
    deepEqual([code, stdout], [0, "checked 2 events, nothing is wrong\n"]);
    const stats = JSON.parse((await run(database.url, "stats", "--json")).stdout);
    deepEqual([stats.events, stats.kinds, stats.authors], [2, 1, 2]);

    match(
      (await run(database.url, "delete", "--yes", "--forget", "{}")).stdout,
      /^deleted 2 events/,
    );
    for (let at = 0; at < 100 && (await client.query([ALL])).length !== 0; at++);
    deepEqual(await client.query([ALL]), []);
    deepEqual(await client.publish(good), { accepted: true, reason: "" });
    deepEqual(await client.query([ALL]), [good.id]);
    await client.close();
    equal(await relay.stop(), 0);
  });
});
