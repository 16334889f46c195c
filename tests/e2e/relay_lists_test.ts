/**
 * Events that follow the relay lists of their authors, between relays over real sockets.
 *
 * @see NIP-65
 * @module
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import { until } from "../kit/mirrored_relays.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const random = new SeededRandom(65);
const [alice, bob, carol] = [1, 2, 3].map(() => new SchnorrSigner(random)) as [
  SchnorrSigner,
  SchnorrSigner,
  SchnorrSigner,
];
const nowS = Math.floor(Date.now() / 1_000);

function event(author: SchnorrSigner, kind: number, tags: readonly (readonly string[])[]) {
  return author.sign({ created_at: nowS, kind, tags: tags as NostrEvent["tags"], content: "" });
}

function relayList(author: SchnorrSigner, write: readonly string[], read: readonly string[] = []) {
  const tags = [
    ...write.map((url) => ["r", url, "write"]),
    ...read.map((url) => ["r", url, "read"]),
  ];
  return event(author, 10_002, tags);
}

function start(settings: readonly string[] = []): Promise<RunningRelay> {
  return startRelay({ database: "memory:", settings: ["signatures.workers=0", ...settings] });
}

const PRIVATE = "relay_lists.allow_private_addresses=true";

async function has(client: RelayClient, { id }: NostrEvent): Promise<boolean> {
  return (await client.query([{ ids: new Set([id]), tags: new Map() }])).includes(id);
}

Deno.test("NIP-65: events go to the write relays of their author and the read relays of whom they mention", async () => {
  await using home = await start();
  await using inbox = await start();
  await using relay = await start([
    PRIVATE,
    "relay_lists.outbox_filter={}",
    "relay_lists.outbox_to_mentioned=true",
  ]);
  await using here = await RelayClient.connect(relay.url);
  await using atHome = await RelayClient.connect(home.url);
  await using atInbox = await RelayClient.connect(inbox.url);
  await here.publish(relayList(alice, [home.url]));
  await here.publish(relayList(bob, [], [inbox.url]));
  const note = event(alice, 1, []);
  const reply = event(alice, 1, [["p", bob.pubkey]]);
  const secret = event(alice, 4, [["p", bob.pubkey]]);
  const own = event(carol, 1, []);
  for (const each of [note, secret, own, reply]) await here.publish(each);
  ok(await until(async () => await has(atHome, reply) && await has(atInbox, reply)), "a reply");
  ok(await has(atHome, note), "a note");
  deepEqual(
    await Promise.all([secret, own].map((each) => has(atHome, each))),
    [false, false],
    "no private kind, and nobody else's",
  );
  equal(await has(atInbox, note), false);
  for (const client of [here, atHome, atInbox]) await client.close();
  for (const each of [relay, home, inbox]) equal(await each.stop(), 0);
});

Deno.test("NIP-65: mentions come from the read relays of a key, and from where those write whom it follows", async () => {
  await using read = await start();
  await using friends = await start();
  await using atRead = await RelayClient.connect(read.url);
  await using atFriends = await RelayClient.connect(friends.url);
  const mention = () => [["p", alice.pubkey]];
  const [early, late] = [event(bob, 1, mention()), event(bob, 7, mention())];
  const byCarol = event(carol, 1, mention());
  const unrelated = event(carol, 1, []);
  await atRead.publish(early);
  for (const each of [byCarol, unrelated]) await atFriends.publish(each);
  await using relay = await start([PRIVATE, `relay_lists.inbox_keys=${alice.pubkey}`]);
  await using here = await RelayClient.connect(relay.url);
  await here.publish(relayList(carol, [friends.url]));
  await here.publish(event(alice, 3, [["p", carol.pubkey]]));
  await here.publish(relayList(alice, [], [read.url]));
  ok(await until(async () => await has(here, early) && await has(here, byCarol)), "what was there");
  await atRead.publish(late);
  ok(await until(() => has(here, late)), "what is new");
  equal(await has(here, unrelated), false);
  for (const client of [here, atRead, atFriends]) await client.close();
  for (const each of [relay, read, friends]) equal(await each.stop(), 0);
});

Deno.test("relays of this machine and of private networks are not spoken to by default", async () => {
  await using victim = await start();
  await using relay = await start([
    "relay_lists.outbox_filter={}",
    `relay_lists.inbox_keys=${alice.pubkey}`,
    "log.level=debug",
  ]);
  const port = new URL(victim.url).port;
  await using here = await RelayClient.connect(relay.url);
  const urls = [`ws://127.0.0.1:${port}`, `ws://localhost:${port}`, `ws://[::ffff:7f00:1]:${port}`];
  await here.publish(relayList(alice, urls, urls));
  await here.publish(event(alice, 1, []));
  const refused = () => relay.log.filter((line) => line.includes("is no place to connect to"));
  ok(await until(() => refused().length >= 3), relay.log.join("\n"));
  await using client = await RelayClient.connect(victim.url);
  deepEqual(await client.query([{ tags: new Map() }]), []);
  for (const each of [here, client]) await each.close();
  for (const each of [relay, victim]) equal(await each.stop(), 0);
});
