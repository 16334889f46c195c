/**
 * What every store promises of the operator's rules.
 *
 * @see NIP-86
 * @module
 */

import { deepEqual, equal } from "node:assert/strict";
import type { NostrEvent } from "../../src/nostr/event.ts";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import type { EventStore, RuleList, RuleStore } from "../../src/store/event_store.ts";
import { idsIn, recordOf } from "../kit/records.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

type Test = (sentence: string, work: (store: EventStore & RuleStore) => Promise<void>) => void;

const by = { who: "admin", atS: 1_700_000_000 };

/** Registers the suite for one kind of store. */
export function testRules(test: Test): void {
  test("NIP86-05 rules are set, replaced and taken back, and the log says who did", async (store) => {
    const change = (list: RuleList, value: string, reason?: string) =>
      store.changeRules([{ list, value, reason }], by);
    await change("banned-key", "a".repeat(64), "spam");
    await change("banned-key", "a".repeat(64), 'much "spam" \\ and ☃');
    await change("blocked-ip", "2001:db8::1", "");
    await change("allowed-kind", "1", "");
    await change("allowed-kind", "1");
    deepEqual(
      new Set((await store.rules()).map(({ list, value, reason }) => `${list} ${value} ${reason}`)),
      new Set([`banned-key ${"a".repeat(64)} much "spam" \\ and ☃`, "blocked-ip 2001:db8::1 "]),
    );
    const log = await store.ruleLog(2);
    deepEqual(log.map(({ before, reason }) => [before, reason]), [["", undefined], [
      undefined,
      "",
    ]]);
    deepEqual(log[0], {
      ...by,
      list: "allowed-kind",
      value: "1",
      before: "",
      reason: undefined,
    });
  });

  test("NIP86-06 X-10 what is banned is found by no query and no count, and found again later", async (store) => {
    const random = new SeededRandom(5);
    const [spammer, author] = [new FakeSigner(random), new FakeSigner(random)];
    const tags = [["t", "x"], ["p", author.pubkey]];
    const make = (signer: FakeSigner, kind: number, created_at: number): NostrEvent =>
      signer.sign({ kind, created_at, tags, content: "words" });
    const spam = [make(spammer, 1, 10), make(spammer, 7, 20), make(spammer, 0, 30)];
    const good = [make(author, 1, 15), make(author, 7, 25)];
    await store.put([...spam, ...good].map(recordOf));
    const doors: Partial<ReqFilter>[] = [
      {},
      { ids: new Set([...spam, ...good].map(({ id }) => id)) },
      { authors: new Set([spammer.pubkey, author.pubkey]) },
      { authors: new Set([spammer.pubkey, author.pubkey]), kinds: new Set([0, 1, 7]) },
      { kinds: new Set([0, 1, 7]) },
      { tags: new Map([["t", new Set(["x"])]]) },
      { tags: new Map([["t", new Set(["x"])]]), kinds: new Set([0, 1, 7]) },
      { tags: new Map([["p", new Set([author.pubkey])]]), limit: 10 },
    ];
    const counts = () =>
      Promise.all(doors.map(async (door) => {
        const filters = [{ tags: new Map(), ...door }];
        const { count } = await store.count(filters, { maxRows: 100 });
        equal((await idsIn(store, door)).length, count);
        return count;
      }));
    deepEqual(await counts(), doors.map(() => 5));
    await store.changeRules([{ list: "banned-key", value: spammer.pubkey, reason: "" }], by);
    deepEqual(await counts(), doors.map(() => 2));
    await store.changeRules([{ list: "banned-event", value: good[0]!.id, reason: "" }], by);
    deepEqual(await counts(), doors.map(() => 1));
    // A limit is filled with what is left.
    deepEqual(await idsIn(store, { limit: 1 }), [good[1]!.id]);
    await store.changeRules([
      { list: "banned-key", value: spammer.pubkey, reason: undefined },
      { list: "banned-event", value: good[0]!.id, reason: undefined },
    ], by);
    deepEqual(await counts(), doors.map(() => 5));
  });
}
