import { deepEqual, equal, match } from "node:assert/strict";
import { reason } from "../../src/nostr/reason.ts";
import { Relay } from "../../src/relay/relay.ts";
import { silentLog } from "../../src/base/log.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { sha256 } from "../../src/app/system/sha256.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { testLimits } from "../kit/limits.ts";
import { FakePeer } from "../kit/fake_peer.ts";
import { FakeRelay, oneByOne, settle, trustingVerifier } from "../kit/fake_relay.ts";
import { recordOf, someEvent } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";
import { eventJson } from "../../src/nostr/event_json.ts";

const note = new FakeSigner(new SeededRandom(1))
  .sign({ kind: 1, created_at: 1, tags: [], content: "" });

Deno.test("a relay counts its sessions and subscriptions as they come and go", async () => {
  const world = new FakeRelay();
  const peers = [world.connect(), world.connect()];
  peers[0]!.say('["REQ","s",{}]');
  await settle();
  deepEqual([world.relay.sessionCount, world.relay.subscriptionCount], [2, 1]);
  for (const peer of peers) peer.hangUp();
  await settle();
  deepEqual([world.relay.sessionCount, world.relay.subscriptionCount], [0, 0]);
  equal(world.relay.counters.connections, 2);
});

Deno.test("what waited for the turns of other connections has waited since it arrived", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  peer.waitedMs = 1_000;
  for (const text of ['["REQ","s",{}]', `["EVENT",${eventJson(note)}]`, '["COUNT","c",{}]']) {
    peer.say(text);
    await settle();
  }
  const { eventToOk, reqToEose, countToAnswer } = world.relay.timings;
  deepEqual([eventToOk, reqToEose, countToAnswer].map(({ sum }) => sum), [1, 1, 1]);
  peer.hangUp();
});

Deno.test("shutdown of a relay nobody is connected to is over at once", async () => {
  await new FakeRelay().relay.shutdown();
  equal(new FakeRelay().relay.sessionCount, 0);
});

Deno.test("the policies that it is given are asked", async () => {
  const clock = new FakeClock();
  const store = new MemoryStore();
  const relay = new Relay({
    ...{ store, clock, log: silentLog, limits: testLimits, verifier: trustingVerifier },
    writer: oneByOne(store),
    random: new SeededRandom(1),
    sha256,
    policies: [{
      name: "no notes",
      screen: ({ event }) => event.kind === 1 ? reason("blocked", "no notes") : undefined,
    }],
  });
  const peer = new FakePeer(clock);
  peer.attach(relay.connect(peer));
  peer.say(`["EVENT",${eventJson(note)}]`);
  await settle();
  deepEqual(JSON.parse(peer.sent[0]!), ["OK", note.id, false, "blocked: no notes"]);
  peer.hangUp();
  await settle();
});

Deno.test("NIP40-02 an event that expired on its way is not told, one that has not is", async () => {
  const relay = new FakeRelay();
  const peer = relay.connect();
  peer.say('["REQ","live",{}]');
  await settle();
  const nowS = relay.clock.nowMs() / 1_000;
  for (const atS of [nowS, nowS + 1]) {
    relay.store.feed.publishEphemeral(recordOf(someEvent({ tags: [["expiration", `${atS}`]] })));
  }
  await settle();
  equal(peer.sent.length, 2);
  match(peer.sent[1]!, new RegExp(`"expiration","${nowS + 1}"`));
  peer.hangUp();
});
