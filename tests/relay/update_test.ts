/**
 * Limits and policies that change while connections are open.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { reason } from "../../src/nostr/reason.ts";
import type { RelayLimits } from "../../src/relay/limits.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import { FakeRelay, settle, trustingVerifier } from "../kit/fake_relay.ts";
import { testLimits } from "../kit/limits.ts";
import { recordOf, someEvent } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

function update({ relay }: FakeRelay, limits: Partial<RelayLimits>): void {
  relay.update({
    limits: { ...testLimits, ...limits },
    policies: [],
    privateKinds: new Set(),
    relayUrl: undefined,
  });
}

const refusals: readonly [Partial<RelayLimits>, string, RegExp][] = [
  [{ maxFilters: 1 }, '["REQ","b",{},{}]', /^\["CLOSED","b",".*more than 1 filter/],
  [{ maxFilterValues: 1 }, '["REQ","b",{"kinds":[1,2]}]', /^\["CLOSED","b",/],
  [{ maxConnectionFilterValues: 3 }, '["REQ","b",{"kinds":[1,2,3,4]}]', /^\["CLOSED","b",/],
  [{ maxSubscriptionIdLength: 3 }, '["REQ","long",{}]', /^\["CLOSED","long",/],
  [{ maxSubscriptions: 1 }, '["REQ","b",{}]', /^\["CLOSED","b","rate-limited: at most 1 sub/],
  [{ maxCountRows: 0 }, '["COUNT","b",{}]', /^\["CLOSED","b",/],
  [{ maxSyncEvents: 0 }, '["NEG-OPEN","b",{},"61"]', /^\["NEG-ERR","b",/],
  [{ andTags: false }, '["REQ","b",{"&t":["x","y"]}]', /^\["CLOSED","b",/],
];

for (const [limits, message, answer] of refusals) {
  const [name] = Object.keys(limits);
  Deno.test(`a lowered ${name} holds for an open connection`, async () => {
    const world = new FakeRelay();
    const peer = world.connect();
    peer.say('["REQ","a",{"kinds":[1]}]');
    await settle();
    update(world, limits);
    peer.say(message);
    await settle();
    match(peer.sent.at(-1)!, answer);
    equal(peer.closing, undefined);
    // What was open stays open, and the old limit comes back.
    equal(world.relay.subscriptionCount, 1);
    update(world, {});
    peer.say(message);
    await settle();
    ok(!answer.test(peer.sent.at(-1)!), peer.sent.at(-1));
    peer.hangUp();
  });
}

Deno.test("more or fewer queries at once are taken up by an open connection", async () => {
  const world = new FakeRelay({ limits: { maxConcurrentQueries: 1, maxSubscriptions: 1_000 } });
  await world.store.put(Array.from({ length: 20 }, () => recordOf(someEvent())));
  const peer = world.connect();
  let next = 0;
  for (const maxConcurrentQueries of [8, 2, 50, 1]) {
    const ids = Array.from({ length: 60 }, () => `s${next++}`);
    peer.say(...ids.map((id) => `["REQ","${id}",{"kinds":[1]}]`));
    update(world, { maxConcurrentQueries, maxSubscriptions: 1_000 });
    await settle();
    for (let turn = 0; turn < 20; turn++) await settle();
    const ended = peer.sent.filter((text) => text.startsWith('["EOSE"')).length;
    equal(ended, next);
  }
  equal(peer.closing, undefined);
  peer.hangUp();
});

Deno.test("a lowered length of the live queue holds for an open connection", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  peer.say('["REQ","a",{}]');
  await settle();
  update(world, { maxLiveQueue: 16 });
  const events = Array.from({ length: 40 }, () => recordOf(someEvent({ kind: 20_001 })));
  for (const event of events) world.store.feed.publishEphemeral(event);
  await settle();
  ok(peer.isShed);
  peer.hangUp();
});

Deno.test("how many rows a client may write changes, and what it has used up stays used up", async () => {
  const world = new FakeRelay({
    limits: { clientRowRate: 1, clientRowBurst: 2 },
    verifier: trustingVerifier,
  });
  update(world, { clientRowRate: 1, clientRowBurst: 1 });
  const signer = new FakeSigner(new SeededRandom(1));
  const peer = world.connect();
  const limited = () => peer.sent.filter((text) => text.includes("rate-limited")).length;
  let written = 1_700_000_000;
  const publish = async () => {
    const event = signer.sign({ kind: 1, created_at: written++, tags: [], content: "" });
    peer.say(JSON.stringify(["EVENT", event]));
    await settle();
  };
  await publish();
  await publish();
  equal(limited(), 1);
  update(world, { clientRowRate: 1, clientRowBurst: 100 });
  await publish();
  equal(limited(), 2);
  world.clock.advance(1_000);
  await publish();
  equal(limited(), 2);
  peer.hangUp();
});

Deno.test("open connections are pinged at a new interval, at the same points of it", async () => {
  const world = new FakeRelay();
  const early = world.connect();
  world.clock.advance(7_000);
  const late = world.connect();
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      world.clock.advance(1_000);
      await settle();
      for (const peer of [early, late]) peer.lastHeardMs = world.clock.monotonicMs();
    }
  };
  await pass(24_000);
  deepEqual([early.pings, late.pings], [1, 0]);
  update(world, { pingIntervalMs: 10_000 });
  // The ticks are at 40, 50, 60 and at 37, 47, 57 seconds; it is 31 now.
  await pass(6_000);
  deepEqual([early.pings, late.pings], [1, 1]);
  await pass(23_000);
  deepEqual([early.pings, late.pings], [4, 3]);
  update(world, { pingIntervalMs: 40_000 });
  await pass(60_000);
  deepEqual([early.pings, late.pings], [5, 4]);
  for (const peer of [early, late]) peer.hangUp();
  await settle();
  equal(world.clock.timerCount, 0);
});

Deno.test("a lowered idle time-out holds for an open connection", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  update(world, { idleTimeoutMs: 25_000 });
  world.clock.advance(30_000);
  await settle();
  equal(peer.closing?.code, 1008);
  peer.hangUp();
});

Deno.test("a shorter time for a reconciliation holds for one that is open", async () => {
  const world = new FakeRelay();
  const peer = world.connect();
  peer.say('["NEG-OPEN","n",{},"6100000200"]');
  await settle();
  update(world, { syncTimeoutMs: 2_000 });
  world.clock.advance(1_500);
  await settle();
  ok(!peer.sent.at(-1)!.startsWith('["NEG-ERR"'), peer.sent.at(-1));
  world.clock.advance(1_000);
  await settle();
  match(peer.sent.at(-1)!, /^\["NEG-ERR","n","closed: /);
  peer.hangUp();
});

Deno.test("who may read no longer is told so, for each subscription and reconciliation", async () => {
  const world = new FakeRelay({ store: new MemoryStore() });
  const stays = world.connect({ userAgent: "stays" });
  const goes = world.connect({ userAgent: "goes" });
  for (const peer of [stays, goes]) {
    peer.say('["REQ","a",{}]', '["REQ","b",{"kinds":[1]}]', '["NEG-OPEN","n",{},"6100000200"]');
  }
  await settle();
  const [before, beforeStays] = [goes.sent.length, stays.sent.length];
  const why = reason("restricted", "only members may read here");
  world.relay.endReading(({ userAgent }) => userAgent === "goes" ? why : undefined);
  await settle();
  deepEqual(goes.sent.slice(before).map((text) => JSON.parse(text)), [
    ["CLOSED", "a", "restricted: only members may read here"],
    ["CLOSED", "b", "restricted: only members may read here"],
    ["NEG-ERR", "n", "restricted: only members may read here"],
  ]);
  equal(stays.sent.length, beforeStays);
  equal(world.relay.subscriptionCount, 2);
  deepEqual([stays.closing, goes.closing], [undefined, undefined]);
  for (const peer of [stays, goes]) peer.hangUp();
});
