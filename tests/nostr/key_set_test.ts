import { deepEqual, equal, notEqual } from "node:assert/strict";
import { keyHash, KeySet } from "../../src/nostr/key_set.ts";
import { SeededRandom } from "../kit/seeded_random.ts";

const hex = (n: number) => n.toString(16).padStart(64, "0");

Deno.test("a set of keys answers as the set of the same list", () => {
  const random = new SeededRandom(1);
  const list = Array.from({ length: 500 }, () => hex(random.int(1_000)));
  const keys = new Set(list);
  const set = KeySet.of(list)!;
  equal(set.size, keys.size);
  deepEqual([...set], [...keys], "the first of equal keys counts");
  deepEqual([...set.entries()], [...keys.entries()]);
  for (let n = 0; n < 1_000; n++) equal(set.has(hex(n)), keys.has(hex(n)));
  deepEqual(new Set(set), keys, "it has been searched since");
  for (const other of ["", "x", "A".repeat(64), hex(1).slice(1)]) equal(set.has(other), false);
  for (
    const others of [[], [hex(2_000)], list.slice(0, 1), list, [hex(2_000), ...list]]
  ) {
    const other = new Set(others);
    equal(set.isDisjointFrom(other), keys.isDisjointFrom(other));
    equal(set.isSubsetOf(other), keys.isSubsetOf(other));
    equal(set.isSupersetOf(other), keys.isSupersetOf(other));
    equal(other.isSubsetOf(set), other.isSubsetOf(keys));
    deepEqual(set.union(other), keys.union(other));
    deepEqual(set.intersection(other), keys.intersection(other));
    deepEqual(set.difference(other), keys.difference(other));
    deepEqual(set.symmetricDifference(other), keys.symmetricDifference(other));
  }
});

Deno.test("a list with anything but keys is no set of keys", () => {
  const good = Array.from({ length: 9 }, (_, n) => hex(n));
  const bad = [hex(1).slice(1), `${hex(1)}0`, "A".repeat(64), "g".repeat(64), "é".repeat(64), 1];
  for (const one of [...bad, null, [hex(1)], "", "a".repeat(63) + "\u0000"]) {
    for (const at of [0, 4, 9]) equal(KeySet.of(good.toSpliced(at, 0, one as string)), undefined);
  }
  // Together they have as many digits as two keys.
  equal(KeySet.of([...good, hex(1).slice(1), `${hex(1)}0`]), undefined);
  equal(KeySet.of([])?.size, 0);
});

Deno.test("keys that were chosen to have the same hash are told apart, and that is quick", () => {
  const random = new SeededRandom(2);
  // As many as there are for 128 keys.
  const cells = 512;
  const chosen: string[] = [];
  while (chosen.length < 60) {
    const key = random.bytes(32).toHex();
    if ((keyHash(key, 0x9e3779b1) & (cells - 1)) === 7) chosen.push(key);
  }
  const list = [...chosen, ...Array.from({ length: 8 }, (_, n) => hex(n)), ...chosen];
  deepEqual([...KeySet.of(list)!], [...new Set(list)]);
});

Deno.test("keys with the same hash cannot be made without the seed", () => {
  const key = (words: readonly number[]) => new Uint8Array(new Uint32Array(words).buffer).toHex();
  const plain = key([0, 0, 0, 0, 0, 0, 0, 0]);
  // The differences that one round of multiplying and shifting leaves of a highest bit.
  const crafted = key([0x8000_0000, 0x8001_0000, 0, 0, 0, 0, 0, 0]);
  for (const seed of [0x9e3779b1, 0x12345679, -77_777_777]) {
    notEqual(keyHash(plain, seed), keyHash(crafted, seed));
  }
});

Deno.test("a key has the same hash in a set and by itself", () => {
  const list = Array.from({ length: 20 }, (_, n) => hex(n * 77_777));
  const set = KeySet.of(list)!;
  for (const seed of [1, 0x9e3779b1, -7]) {
    for (const [place, key] of list.entries()) equal(set.hashAt(place, seed), keyHash(key, seed));
  }
});
