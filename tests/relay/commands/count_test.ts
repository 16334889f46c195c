import { deepEqual, equal, ok } from "node:assert/strict";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { EventStore } from "../../../src/store/event_store.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { FakeRelay, settle } from "../../kit/fake_relay.ts";

/** A store whose counts come when the test says so. */
class PatientCounts {
  readonly asked: { resolve(count: number): void; reject(error: Error): void }[] = [];
  readonly signals: AbortSignal[] = [];

  readonly store: EventStore = partialStore({
    count: (_, { signal }) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      this.asked.push({ resolve, reject });
      this.signals.push(signal!);
      signal!.addEventListener("abort", () => reject(signal!.reason));
      return promise.then((count) => ({ count, isApproximate: false }));
    },
  });
}

Deno.test("NIP45-01 counts are answered in order, one at a time", async () => {
  const counts = new PatientCounts();
  const peer = new FakeRelay({ store: counts.store }).connect();
  for (const id of ["a", "b"]) peer.say(`["COUNT","${id}",{}]`);
  await settle();
  equal(counts.asked.length, 1);
  counts.asked[0]!.resolve(5);
  await settle();
  equal(counts.asked.length, 2);
  counts.asked[1]!.resolve(6);
  await settle();
  deepEqual(peer.sent, ['["COUNT","a",{"count":5}]', '["COUNT","b",{"count":6}]']);
  peer.hangUp();
});

Deno.test("while one is counted, other messages are answered", async () => {
  const counts = new PatientCounts();
  const peer = new FakeRelay({ store: counts.store }).connect();
  peer.say('["COUNT","a",{}]');
  peer.say('["REQ","a",{"limit":0}]');
  await settle();
  deepEqual(peer.sent, ['["EOSE","a"]']);
  peer.hangUp();
});

Deno.test("more than may wait are rate-limited, and those before are answered", async () => {
  const counts = new PatientCounts();
  const relay = new FakeRelay({ store: counts.store, limits: { maxSubscriptions: 2 } });
  const peer = relay.connect();
  for (const id of ["1", "2", "3", "4"]) peer.say(`["COUNT","${id}",{}]`);
  await settle();
  equal(peer.sent.length, 1);
  ok(peer.sent[0]!.startsWith('["CLOSED","4","rate-limited: '));
  for (const place of [0, 1, 2]) {
    counts.asked[place]!.resolve(place);
    await settle();
  }
  equal(peer.sent.length, 4);
  equal(relay.relay.counters.counted, 3);
  peer.hangUp();
});

Deno.test("NIP45-03 a count that fails is CLOSED error, and the next one is tried", async () => {
  const counts = new PatientCounts();
  const peer = new FakeRelay({ store: counts.store }).connect();
  for (const id of ["a", "b"]) peer.say(`["COUNT","${id}",{}]`);
  await settle();
  counts.asked[0]!.reject(new StoreUnavailable("away"));
  await settle();
  ok(peer.sent[0]!.startsWith('["CLOSED","a","error: '));
  counts.asked[1]!.resolve(1);
  await settle();
  equal(peer.sent[1], '["COUNT","b",{"count":1}]');
  peer.hangUp();
});

Deno.test("a peer that leaves ends what runs, and what waits never begins", async () => {
  const counts = new PatientCounts();
  const peer = new FakeRelay({ store: counts.store }).connect();
  for (const id of ["a", "b"]) peer.say(`["COUNT","${id}",{}]`);
  await settle();
  peer.hangUp();
  await settle();
  equal(counts.signals[0]!.aborted, true);
  equal(counts.asked.length, 1);
  deepEqual(peer.sent, []);
});

Deno.test("NIP45 COUNT that is off is unsupported", async () => {
  const relay = new FakeRelay({ store: new MemoryStore(), limits: { maxCountRows: 0 } });
  const peer = relay.connect();
  peer.say('["COUNT","a",{}]');
  await settle();
  ok(peer.sent[0]!.startsWith('["CLOSED","a","unsupported: '));
  peer.hangUp();
});
