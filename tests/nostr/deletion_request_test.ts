import { deepEqual } from "node:assert/strict";
import type { Tag } from "../../src/nostr/event.ts";
import { deletionTargets } from "../../src/nostr/deletion_request.ts";

const PUBKEY = "ab".repeat(32);
const OTHER = "cd".repeat(32);

function addressesIn(...values: string[]) {
  const tags = values.map((value) => ["a", value]);
  return deletionTargets({ kind: 5, pubkey: PUBKEY, tags }).addresses
    .map(({ kind, d }) => `${kind}:${d}`);
}

Deno.test("an event of another kind asks for nothing", () => {
  const tags = [["e", OTHER], ["a", `0:${PUBKEY}:`]];
  deepEqual(deletionTargets({ kind: 1, pubkey: PUBKEY, tags }), { ids: new Set(), addresses: [] });
});

Deno.test("NIP09-09 addresses of replaceable events have no d, with a colon or without", () => {
  deepEqual(addressesIn(`0:${PUBKEY}:`, `3:${PUBKEY}`, `10002:${PUBKEY}:x`), [
    "0:",
    "3:",
    "10002:",
  ]);
});

Deno.test("NIP09-08 the d of an address is all that follows the second colon", () => {
  deepEqual(addressesIn(`30023:${PUBKEY}:a:b`, `30023:${PUBKEY}:`, `30023:${PUBKEY}:a\nb`), [
    "30023:a:b",
    "30023:",
    "30023:a\nb",
  ]);
});

Deno.test("NIP09-08 nobody names another's address", () => {
  deepEqual(addressesIn(`30023:${OTHER}:x`), []);
});

Deno.test("NIP09-12 what names nothing is passed over", () => {
  const nonsense = [
    "",
    ":",
    `1:${PUBKEY}:`,
    `20000:${PUBKEY}:`,
    `x:${PUBKEY}:`,
    `70000:${PUBKEY}:`,
  ];
  deepEqual(addressesIn(...nonsense, `30023:${PUBKEY.toUpperCase()}:x`), []);
  const tags: readonly Tag[] = [["e"], ["e", "12"], ["E", OTHER], ["e", OTHER.toUpperCase()], [
    "a",
  ]];
  deepEqual(deletionTargets({ kind: 5, pubkey: PUBKEY, tags }).ids, new Set());
});
