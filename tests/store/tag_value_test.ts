import { equal, notEqual, ok } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { tagValueHex } from "../../src/store/tag_value.ts";

const key = "0123456789abcdef".repeat(4);

Deno.test("a short value is its UTF-8", () => {
  equal(tagValueHex("", sha256), "");
  equal(tagValueHex("é", sha256), "c3a9");
  equal(tagValueHex("a\u0000b", sha256), "610062");
  equal(tagValueHex("x".repeat(64), sha256), "78".repeat(64));
});

Deno.test("a key is 33 bytes, and only in lower case and full length", () => {
  equal(tagValueHex(key, sha256), `fe${key}`);
  equal(tagValueHex(key.toUpperCase(), sha256)?.length, 128);
  equal(tagValueHex(key.slice(1), sha256)?.length, 126);
});

Deno.test("the bound of 64 counts bytes, not characters", () => {
  equal(tagValueHex("é".repeat(32), sha256)?.length, 128);
  equal(tagValueHex("é".repeat(33), sha256)?.slice(0, 2), "ff");
});

Deno.test("a value of any length is written in at most 64 bytes", () => {
  for (const length of [65, 3_000, 65_536]) {
    const hex = tagValueHex("x".repeat(length), sha256)!;
    equal(hex.length, 66);
    notEqual(hex, tagValueHex("x".repeat(length - 1) + "y", sha256));
  }
});

Deno.test("a lone surrogate has no UTF-8", () => {
  equal(tagValueHex("\ud800", sha256), undefined);
  equal(tagValueHex("x".repeat(100) + "\udc00", sha256), undefined);
});

Deno.test("two values are written alike when they are equal, and only then", () => {
  const value = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ minLength: 60, maxLength: 70 }),
    fc.constantFrom(key, key.toUpperCase(), `\ufffe${key}`, ""),
    fc.string({ minLength: 64, maxLength: 64, unit: fc.constantFrom(..."0123456789abcdefg") }),
  );
  fc.assert(fc.property(value, value, (a, b) => {
    ok((tagValueHex(a, sha256) === tagValueHex(b, sha256)) === (a === b));
  }));
});
