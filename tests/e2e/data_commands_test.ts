/**
 * The commands that work on a relay's events: beside the running relay, and without it.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { npubEncode } from "nostr-tools/nip19";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { runOn } from "../kit/program.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { freshDatabases, onEachDatabase } from "./databases.ts";

const ALL = { tags: new Map() };

function note(by: Uint8Array, content: string, created_at = 1_700_000_000) {
  return finalizeEvent({ kind: 1, created_at, tags: [], content }, by);
}

/** How often a test looks again for what a relay has been notified of: for ten seconds. */
const TRIES = 500;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

/** The relay is notified, and may be a moment behind. */
async function untilThere(client: RelayClient, count: number): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if ((await client.query([ALL])).length === count) return;
    await pause();
  }
}

/** The answer to an event once it is another one than before, or at last. */
async function answerAfter(client: RelayClient, event: NostrEvent, before: string) {
  let answer = await client.publish(event);
  for (let tries = 0; answer?.reason === before && tries < TRIES; tries++) {
    await pause();
    answer = await client.publish(event);
  }
  return answer;
}

onEachDatabase((name, fresh) => {
  if (name === "memory:") return;
  // Commands reach a relay on PGlite as they do one on the private server, through its control socket.
  if (name === "pglite:") return;
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

    equal((await runOn(database.url, "ban", npub)).code, 0);
    const found = await runOn(database.url, "query", `{"authors":["${npub}"],"limit":2}`);
    const ids = found.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).id);
    deepEqual(ids, spam.map(({ id }) => id).toSorted().slice(0, 2));
    deepEqual(await runOn(database.url, "count", "--json", filter), {
      code: 0,
      stdout: '{"count":30}\n',
      stderr: "",
    });
    match((await runOn(database.url, "delete", filter)).stdout, /^30 events would be deleted/);
    deepEqual(await runOn(database.url, "delete", filter, "--yes"), {
      code: 0,
      stdout: "deleted 30 events\n",
      stderr: "",
    });
    equal((await runOn(database.url, "unban", npub)).code, 0);

    await untilThere(client, 1);
    deepEqual(await client.query([ALL]), [good.id]);
    const answer = await answerAfter(client, spam[0]!, "blocked: this key is banned");
    deepEqual(answer, { accepted: false, reason: "blocked: this event was deleted" });
    equal((await client.publish(note(spammer, "changed their mind")))?.accepted, true);

    const { code, stdout } = await runOn(database.url, "check");
    deepEqual([code, stdout], [0, "checked 2 events, nothing is wrong\n"]);
    const stats = JSON.parse((await runOn(database.url, "stats", "--json")).stdout);
    deepEqual([stats.events, stats.kinds, stats.authors], [2, 1, 2]);

    match(
      (await runOn(database.url, "delete", "--yes", "--forget", "{}")).stdout,
      /^deleted 2 events/,
    );
    await untilThere(client, 0);
    deepEqual(await client.query([ALL]), []);
    const known = "duplicate: this event is already stored";
    deepEqual(await answerAfter(client, good, known), { accepted: true, reason: "" });
    deepEqual(await client.query([ALL]), [good.id]);
    await client.close();
    equal(await relay.stop(), 0);
  });

  Deno.test(`a relay that runs on ${name} is filled and emptied into files, and has its rules changed`, async () => {
    await using database = await fresh();
    const directory = await Deno.makeTempDir();
    const file = `${directory}/events.jsonl`;
    const author = generateSecretKey();
    const events = Array.from(
      { length: 300 },
      (_, at) => note(author, `${at}`, 1_700_000_000 + at),
    );
    await Deno.writeTextFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    await using relay = await startRelay({ database: database.url });
    await using client = await RelayClient.connect(relay.url);

    match((await runOn(database.url, "import", file)).stdout, /^stored 300, /);
    await untilThere(client, 300);
    equal((await client.query([ALL])).length, 300);
    const exported = await runOn(database.url, "export", "--since", "1700000290");
    const contents = exported.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).content);
    deepEqual(contents, Array.from({ length: 10 }, (_, at) => `${299 - at}`));

    const key = getPublicKey(author);
    deepEqual(await runOn(database.url, "ban", key, "--key", "--reason", "spam"), {
      code: 0,
      stdout: `done: ban ${key}\n`,
      stderr: "",
    });
    await untilThere(client, 0);
    equal((await client.publish(note(author, "more")))?.reason, "blocked: this key is banned");
    equal((await runOn(database.url, "list")).stdout, `banned-key\t${key}\tspam\n`);
    match((await runOn(database.url, "audit")).stdout, /\tbanned-key\t\S+\tnot set\tset: spam\n$/);
    equal((await runOn(database.url, "export")).stdout.trimEnd().split("\n").length, 300);
    await client.close();
    equal(await relay.stop(), 0);
    // Without the relay it is the same.
    equal((await runOn(database.url, "count", "{}")).stdout, "300\n");
    await Deno.remove(directory, { recursive: true });
  });
});

Deno.test("a second relay is refused a database, and what a killed one left does not stop the next", async () => {
  await using database = await freshDatabases["pglite:"]!();
  const socket = `${database.url.slice("pglite:".length)}.sock`;
  const exists = () => Deno.lstat(socket).then(() => true, () => false);
  {
    await using relay = await startRelay({ database: database.url });
    const { code, stderr } = await runOn(database.url, "serve", "--listen", "127.0.0.1:0");
    equal(code, 1);
    match(stderr, /is in use by another process/);
    equal((await runOn(database.url, "count", "{}")).stdout, "0\n");
    await relay.kill();
  }
  equal(await exists(), true);
  {
    await using relay = await startRelay({ database: database.url });
    equal((await runOn(database.url, "count", "{}")).stdout, "0\n");
    equal(await relay.stop(), 0);
  }
  equal(await exists(), false);
  const settings = ["database.control_socket=false"];
  await using relay = await startRelay({ database: database.url, settings });
  match((await runOn(database.url, "count", "{}")).stderr, /; there is no control socket at /);
  equal(await relay.stop(), 0);
});
