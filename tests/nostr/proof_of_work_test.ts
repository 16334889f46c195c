import { deepEqual, equal } from "node:assert/strict";
import { committedDifficulty, difficultyOf } from "../../src/nostr/proof_of_work.ts";

Deno.test("NIP13-01 difficulty is counted in bits, across digits", () => {
  const id = (start: string) => start.padEnd(64, "f");
  const starts = ["f", "8", "7", "4", "3", "2", "1", "0f", "08", "07", "01", "00f", "002f"];
  deepEqual(starts.map((start) => difficultyOf(id(start))), [
    ...[0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 7, 8, 10],
  ]);
  equal(difficultyOf(id("000000000e9d")), 36);
  equal(difficultyOf("0".repeat(64)), 256);
  equal(difficultyOf("000006d8c378af1779d2feebc7603a125d99eca0ccf1085959b307f64e5dd358"), 21);
});

Deno.test("NIP13-04 the committed target is the third item of the nonce tag", () => {
  const target = (...tags: string[][]) => committedDifficulty({ tags });
  equal(target(["nonce", "776797", "20"]), 20);
  deepEqual([target(), target(["nonce", "1"]), target(["nonce", "1", "many"])], [
    undefined,
    undefined,
    undefined,
  ]);
});
