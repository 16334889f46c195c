/**
 * How much of what memory answers at once is done for one connection before others have their turn.
 *
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import { MemoryStore } from "../../src/store/memory.ts";
import type { QueryOptions } from "../../src/store/event_store.ts";
import { FakeRelay, settle } from "../kit/fake_relay.ts";

/** What looking for an answer takes, milliseconds. */
const LOOK_MS = 3;

/** A relay whose store takes time, and whose turns the test gives. */
function slowRelay() {
  const turns: (() => void)[] = [];
  const asked = { queries: 0, counts: 0, lists: 0 };
  const store = new (class extends MemoryStore {
    override query(filters: Parameters<MemoryStore["query"]>[0], options?: QueryOptions) {
      asked.queries++;
      world.clock.advance(LOOK_MS);
      return super.query(filters, options);
    }
    override count(...args: Parameters<MemoryStore["count"]>) {
      asked.counts++;
      return super.count(...args);
    }
    override identify(...args: Parameters<MemoryStore["identify"]>) {
      asked.lists++;
      return super.identify(...args);
    }
  })();
  const turn = () => new Promise<void>((resolve) => turns.push(resolve));
  const limits = { maxSubscriptions: 100, maxConcurrentQueries: 100 };
  const world = new FakeRelay({ store, turn, limits });
  return { world, turns, asked };
}

const times = (count: number, make: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => make(at));

Deno.test("REQs of one slice that take long are answered in several turns, in their order", async () => {
  const { world, turns, asked } = slowRelay();
  const peer = world.connect();
  peer.say(...times(10, (at) => `["REQ","${at}",{}]`));
  await settle();
  equal(asked.queries, 2, "the second ends the time of the slice");
  equal(peer.isPaused, true);
  peer.say('["REQ","late",{}]');
  for (let left = 4; left > 0; left--) {
    equal(turns.length, 1);
    turns.shift()!();
    await settle();
  }
  deepEqual([asked.queries, turns.length, peer.isPaused], [11, 0, false]);
  const answered = peer.sent.filter((text) => text.startsWith('["EOSE"'));
  deepEqual(answered.map((text) => JSON.parse(text)[1]), [...times(10, String), "late"]);
  peer.hangUp();
  await settle();
});

Deno.test("COUNTs that wait are counted one in a turn", async () => {
  const { world, turns, asked } = slowRelay();
  const peer = world.connect();
  peer.say(...times(10, (at) => `["COUNT","${at}",{}]`));
  for (let count = 1; count <= 10; count++) {
    await settle();
    deepEqual([asked.counts, turns.length], [count, 1]);
    turns.shift()!();
  }
  peer.hangUp();
  await settle();
});

Deno.test("of NEG-OPENs under one id, one lists events when its turn comes", async () => {
  const { world, turns, asked } = slowRelay();
  const peer = world.connect();
  peer.say(...times(30, () => '["NEG-OPEN","n",{},"6100000200"]'));
  await settle();
  equal(asked.lists, 0);
  for (const turn of turns.splice(0)) turn();
  await settle();
  equal(asked.lists, 1);
  equal(peer.sent.filter((text) => text.startsWith('["NEG-MSG"')).length, 1);
  peer.hangUp();
  await settle();
});
