import { equal, match, notEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { sha256OfText } from "../../src/app/system/sha256.ts";
import { portableHashText } from "../../src/nostr/event_id.ts";
import {
  authorFingerprint,
  idPrefixOf,
  slotFingerprint,
  tagFingerprint,
} from "../../src/store/fingerprint.ts";

const key = "0123456789abcdef".repeat(4);

Deno.test("heads have the order of ids", () => {
  const id = fc.string({ minLength: 64, maxLength: 64, unit: fc.constantFrom(..."019af") });
  fc.assert(fc.property(id, id, (a, b) => {
    ok(idPrefixOf(a) < idPrefixOf(b) || a.slice(0, 32) >= b.slice(0, 32));
  }));
});

Deno.test("nothing is before the head of no id", () => {
  equal(idPrefixOf(""), "0".repeat(32));
});

Deno.test("a fingerprint says of what it is, then the beginning of the hash", () => {
  const hash = portableHashText("x").slice(0, 30);
  equal(tagFingerprint("t", "x", portableHashText), `74${hash}`);
  equal(tagFingerprint("T", "x", portableHashText), `54${hash}`);
  equal(slotFingerprint("x", portableHashText), `64${hash}`);
  equal(authorFingerprint(key, portableHashText), `07${portableHashText(key).slice(0, 30)}`);
});

Deno.test("an author is told from one whose key begins alike", () => {
  const other = key.slice(0, 63) + "0";
  notEqual(authorFingerprint(key, portableHashText), authorFingerprint(other, portableHashText));
});

Deno.test("values of any length are 16 bytes", () => {
  for (const length of [0, 1, 64, 65, 65_536]) {
    match(tagFingerprint("t", "x".repeat(length), portableHashText)!, /^[0-9a-f]{32}$/);
  }
});

Deno.test("a lone surrogate is in no event", () => {
  equal(tagFingerprint("t", "\ud800", portableHashText), undefined);
  equal(tagFingerprint("t", "x".repeat(100) + "\udc00", portableHashText), undefined);
});

Deno.test("two values have the same fingerprint when they are equal, and only then", () => {
  const value = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(key, key.toUpperCase(), `\ufffe${key}`, "", "\u0000"),
  );
  fc.assert(fc.property(value, value, (a, b) => {
    const [one, other] = [a, b].map((text) => tagFingerprint("t", text, portableHashText));
    equal(one === other, a === b);
    equal(one, tagFingerprint("t", a, sha256OfText));
  }));
});
