/**
 * What the real program asks of new keys.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { minePow } from "nostr-tools/nip13";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { packagedPostgres } from "../kit/postgres_binaries.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { freshDatabases } from "./databases.ts";

const AT_S = 1_700_000_000;
const BITS = 10;

let made = 0;

/** A note unlike any before: mining sets the time to now. */
function note() {
  const content = `note ${made++}`;
  return { kind: 1, created_at: AT_S + made, tags: [] as string[][], content };
}

function mined(key: Uint8Array) {
  return finalizeEvent(minePow({ ...note(), pubkey: getPublicKey(key) }, BITS), key);
}

/** A note whose id shows less work than is asked for. */
function idle(key: Uint8Array) {
  for (;;) {
    const event = finalizeEvent(note(), key);
    if (!event.id.startsWith("00")) return event;
  }
}

Deno.test("a key has to show work until its events are stored, whichever instance stored them", async () => {
  await using database = await freshDatabases[`${packagedPostgres.name}:`]!();
  const [old, fresh] = [generateSecretKey(), generateSecretKey()];
  await using open = await startRelay({ database: database.url });
  await using anybody = await RelayClient.connect(open.url);
  for (let at = 0; at < 3; at++) equal((await anybody.publish(idle(old)))?.accepted, true);
  const settings = ["access.newcomer_events=3", `access.newcomer_pow_difficulty=${BITS}`];
  await using strict = await startRelay({ database: database.url, settings });
  await using client = await RelayClient.connect(strict.url);
  equal((await client.publish(idle(old)))?.accepted, true);
  match(
    (await client.publish(idle(fresh)))!.reason,
    /^pow: difficulty \d+ is less than 10, which the first 3 events of a key need$/,
  );
  for (let at = 0; at < 3; at++) equal((await client.publish(mined(fresh)))?.accepted, true);
  deepEqual(await client.publish(idle(fresh)), { accepted: true, reason: "" });
  const headers = { Accept: "application/nostr+json" };
  const response = await fetch(strict.url.replace("ws", "http"), { headers });
  equal((await response.json()).limitation.restricted_writes, true);
});

Deno.test("new keys of one address share a rate, and members have none", async () => {
  const member = generateSecretKey();
  const settings = [
    ...["access.newcomer_events=2", "access.newcomer_rate=1", "access.newcomer_burst=3"],
    ...[`access.members=${getPublicKey(member)}`, "network.unlimited_clients="],
  ];
  await using relay = await startRelay({ database: "memory:", settings });
  await using client = await RelayClient.connect(relay.url);
  const prefixes: (string | undefined)[] = [];
  for (let at = 0; at < 5; at++) {
    const answer = await client.publish(idle(generateSecretKey()));
    prefixes.push(answer?.reason.split(":")[0]);
  }
  deepEqual(prefixes, ["", "", "", "rate-limited", "rate-limited"]);
  for (let at = 0; at < 5; at++) equal((await client.publish(idle(member)))?.accepted, true);
});
