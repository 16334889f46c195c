import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { addressOf, isNewer, kindClass } from "../../src/nostr/kind.ts";
import vectors from "../vectors/nip01.json" with { type: "json" };

const PUBKEY = "ab".repeat(32);

Deno.test("NIP01-19: each range of kinds has its class, up to its edges", () => {
  for (const kind of [1, 2, 4, 44, 1_000, 9_999]) equal(kindClass(kind), "regular", `${kind}`);
  for (const kind of [0, 3, 10_000, 19_999]) equal(kindClass(kind), "replaceable", `${kind}`);
  for (const kind of [20_000, 29_999]) equal(kindClass(kind), "ephemeral", `${kind}`);
  for (const kind of [30_000, 39_999]) equal(kindClass(kind), "addressable", `${kind}`);
});

Deno.test("NIP01-22: kinds that NIP-01 leaves open are regular, and so is 41", () => {
  for (const kind of [41, 45, 62, 78, 443, 818, 999, 40_000, 65_535]) {
    equal(kindClass(kind), "regular", `${kind}`);
    equal(addressOf({ kind, pubkey: PUBKEY, tags: [["d", "x"]] }), undefined, `${kind}`);
  }
});

Deno.test("an ephemeral event has no address", () => {
  equal(addressOf({ kind: 20_001, pubkey: PUBKEY, tags: [["d", "x"]] }), undefined);
});

Deno.test("NIP01-20: the first d tag identifies; no d tag and one without value mean the empty one", () => {
  equal(identifier([["t", "x"], ["d", "first"], ["d", "second"]]), "first");
  equal(identifier([]), "");
  equal(identifier([["d"]]), "");
  equal(identifier([["d", ""]]), "");
  equal(identifier([["d"], ["d", "second"]]), "");
});

for (const { name, event } of vectors.filter(({ name }) => name.startsWith("addressable-"))) {
  Deno.test(`NIP01-20: the vector "${name}" has that identifier`, () => {
    const expected = name.includes("empty") ? "" : "x";
    deepEqual(addressOf(event), { kind: event.kind, pubkey: event.pubkey, d: expected });
  });
}

Deno.test("NIP01-16: a replaceable event's address ignores its d tag", () => {
  deepEqual(addressOf({ kind: 10_002, pubkey: PUBKEY, tags: [["d", "x"]] }), {
    kind: 10_002,
    pubkey: PUBKEY,
    d: "",
  });
});

Deno.test("NIP01-17: of two versions of one second the lower id wins", () => {
  const winner = vectors.find(({ name }) => name.endsWith("WINS"))!.event;
  const loser = vectors.find(({ name }) => name.endsWith("LOSES"))!.event;
  equal(winner.created_at, loser.created_at);
  equal(isNewer(winner, loser), true);
  equal(isNewer(loser, winner), false);
});

Deno.test("of two different versions exactly one is newer, and none is newer than itself", () => {
  const version = fc.record({ created_at: fc.nat(3), id: fc.constantFrom("aa", "ab", "ff") });
  fc.assert(fc.property(version, version, (a, b) => {
    const same = a.created_at === b.created_at && a.id === b.id;
    equal(isNewer(a, b) !== isNewer(b, a), !same);
    equal(isNewer(a, a), false);
  }));
});

function identifier(tags: readonly string[][]): string | undefined {
  return addressOf({ kind: 30_023, pubkey: PUBKEY, tags })?.d;
}
