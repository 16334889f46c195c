import { deepEqual, equal } from "node:assert/strict";
import { addressOf } from "../../../src/nostr/kind.ts";
import { isRequest, Tombstones } from "../../../src/store/write/tombstones.ts";
import { newKey, someEvent } from "../../kit/records.ts";

const ALICE = newKey();

Deno.test("kinds 5 and 62 are requests", () => {
  deepEqual([4, 5, 6, 61, 62, 63].filter((kind) => isRequest({ kind })), [5, 62]);
});

Deno.test("an event that is no request leaves no tombstone", () => {
  const tombstones = new Tombstones();
  tombstones.noteDeletion(someEvent({ tags: [["e", newKey()]] }));
  equal(tombstones.isEmpty, true);
});

Deno.test("several authors may ask for one id, and one of them may own it", () => {
  const tombstones = new Tombstones();
  const event = someEvent({ pubkey: ALICE });
  for (const pubkey of [newKey(), ALICE, newKey()]) tombstones.delete(event.id, pubkey);
  equal(tombstones.covers(event), true);
});

Deno.test("of an address the newest deleted version counts, at equal times the smaller id", () => {
  const tombstones = new Tombstones();
  const version = (id: string, created_at: number) =>
    someEvent({ kind: 0, pubkey: ALICE, id, created_at });
  const address = addressOf(version("a", 1))!;
  tombstones.close({ address, createdAt: 5, id: "m" });
  tombstones.close({ address, createdAt: 4, id: "" });
  const isCovered = (id: string, created_at: number) => tombstones.covers(version(id, created_at));
  deepEqual([isCovered("z", 4), isCovered("z", 5), isCovered("m", 5)], [true, true, true]);
  deepEqual([isCovered("a", 5), isCovered("z", 6)], [false, false]);
  tombstones.close({ address, createdAt: 5, id: "" });
  equal(isCovered("a", 5), true);
});

Deno.test("closing up to a version returns the tombstone, once", () => {
  const tombstones = new Tombstones();
  const event = someEvent({ kind: 30_000, pubkey: ALICE, tags: [["d", "x"]] });
  deepEqual(tombstones.closeUpTo(event), {
    address: { kind: 30_000, pubkey: ALICE, d: "x" },
    createdAt: event.created_at,
    id: event.id,
  });
  equal(tombstones.closeUpTo(event), undefined);
  equal(tombstones.closeUpTo(someEvent()), undefined);
});

Deno.test("the latest vanish request counts", () => {
  const tombstones = new Tombstones();
  tombstones.vanish(ALICE, 9);
  tombstones.vanish(ALICE, 5);
  equal(tombstones.covers(someEvent({ pubkey: ALICE, created_at: 9 })), true);
  equal(tombstones.covers(someEvent({ pubkey: ALICE, created_at: 10 })), false);
  equal(tombstones.covers(someEvent({ pubkey: ALICE, created_at: 9, kind: 62 })), false);
  equal(tombstones.covers(someEvent({ pubkey: ALICE, created_at: 8, kind: 62 })), true);
});
