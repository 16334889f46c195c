/**
 * What a policy for new keys needs of every store: a count of one author's events, bounded.
 *
 * @module
 */

import { deepEqual } from "node:assert/strict";
import { newcomers } from "../../src/relay/access/newcomers.ts";
import type { EventStore } from "../../src/store/event_store.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { newKey, recordOf, someEvent } from "../kit/records.ts";

type Test = (sentence: string, work: (store: EventStore) => Promise<void>) => void;

/** Registers the suite for one kind of store. */
export function testNewcomers(test: Test): void {
  test("a key is a newcomer's until so many of its events are there, deleted ones not counted", async (store) => {
    const [none, few, enough, many, deleted, replaced] = Array.from({ length: 6 }, newKey);
    const notes = (pubkey: string, count: number) =>
      Array.from({ length: count }, () => someEvent({ pubkey }));
    const profiles = [1, 2, 3, 4].map((created_at) =>
      someEvent({ pubkey: replaced!, kind: 0, created_at })
    );
    const lost = notes(deleted!, 3);
    await store.put(
      [...notes(few!, 2), ...notes(enough!, 3), ...notes(many!, 40), ...lost].map(recordOf),
    );
    for (const profile of profiles) await store.put([recordOf(profile)]);
    const tags = lost.map(({ id }) => ["e", id]);
    await store.put([recordOf(someEvent({ pubkey: deleted!, kind: 5, tags, created_at: 200 }))]);
    const isRefused = async (pubkey: string) => {
      const policy = newcomers({
        ...{ events: 3, bits: 1, isCommitted: false, rate: undefined, timeoutMs: 10_000 },
        ...{ lookupRate: { perSecond: 1, burst: 1 }, maxKeys: 1 },
      }, { store, clock: new FakeClock(), isExempt: () => false });
      const event = someEvent({ pubkey, id: "f".repeat(64) });
      const decision = await policy.event!({ event, jsonBytes: 1, nowMs: 0, origin: "socket" });
      return decision !== undefined;
    };
    const refused = [none, few, deleted, replaced, enough, many].map((key) => isRefused(key!));
    deepEqual(await Promise.all(refused), [true, true, true, true, false, false]);
  });
}
