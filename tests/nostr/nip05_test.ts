import { deepEqual, equal } from "node:assert/strict";
import { namedKeys, nip05Url } from "../../src/nostr/nip05.ts";

const [BOB, CAROL] = ["b0".repeat(32), "ca".repeat(32)];

Deno.test("NIP-05: the keys of all names of a document, relays and whatever else beside them", () => {
  const names = { bob: BOB, _: CAROL, "Carol.1-x": CAROL };
  const document = { names, relays: { [BOB]: ["wss://relay.example"] }, version: 2 };
  deepEqual(namedKeys(JSON.stringify(document)), new Set([BOB, CAROL]));
  deepEqual(namedKeys('{"names":{}}'), new Set());
});

Deno.test("NIP-05: keys are lower-case hex, names have the characters of NIP-05; others are passed over", () => {
  const names = {
    npub: "npub1sn0wdenkukak0d9dfczzeacvhkrgz92ak56egt7vdgzn8pv2wfqqhrjdv9",
    upper: BOB.toUpperCase(),
    short: BOB.slice(1),
    number: 7,
    nothing: null,
    "two words": BOB,
    "": BOB,
    fine: CAROL,
  };
  deepEqual(namedKeys(JSON.stringify({ names })), new Set([CAROL]));
});

Deno.test("what is no such document has no keys, and is told from one without names", () => {
  for (const text of ["", "<html>", "null", "[]", "{}", '{"names":[]}', '{"names":null}', "1"]) {
    equal(namedKeys(text), undefined, text);
  }
  equal(namedKeys(`{"names":{"__proto__":"${BOB}"}}`)?.size, 1);
});

Deno.test("NIP-05: the document is at the well-known place of the domain", () => {
  equal(nip05Url("example.com"), "https://example.com/.well-known/nostr.json");
});
