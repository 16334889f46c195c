import { deepEqual } from "node:assert/strict";
import { ownersOf } from "../../src/nostr/gift_wrap.ts";

const [AUTHOR, ONE, OTHER] = ["aa", "bb", "cc"].map((byte) => byte.repeat(32)) as [
  string,
  string,
  string,
];

Deno.test("NIP59-05 a gift wrap belongs to each whom it is addressed to", () => {
  const tags = [["p", ONE, "wss://relay.example"], ["p"], ["p", "x"], ["P", AUTHOR], ["p", OTHER]];
  deepEqual(ownersOf({ kind: 1059, pubkey: AUTHOR, tags }), [AUTHOR, ONE, OTHER]);
});

Deno.test("any other event belongs to its author", () => {
  for (const kind of [1, 4, 13, 1058, 1060]) {
    deepEqual(ownersOf({ kind, pubkey: AUTHOR, tags: [["p", ONE]] }), [AUTHOR]);
  }
});
