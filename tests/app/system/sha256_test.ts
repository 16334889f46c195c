import { deepEqual, equal } from "node:assert/strict";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { sha256, sha256OfText } from "../../../src/app/system/sha256.ts";

Deno.test("the runtime's hash is that of the pure rooms", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    deepEqual([...sha256(bytes)], [...nobleSha256(bytes)]);
  }));
});

Deno.test("the hash of a text is that of its UTF-8 as the pure rooms write it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    equal(sha256OfText(text), nobleSha256(new TextEncoder().encode(text)).toHex());
  }));
  equal(sha256OfText("\ud800"), sha256OfText("\ufffd"));
});
