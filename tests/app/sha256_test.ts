import { deepEqual } from "node:assert/strict";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { sha256 } from "../../src/app/sha256.ts";

Deno.test("the runtime's hash is that of the pure rooms", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    deepEqual([...sha256(bytes)], [...nobleSha256(bytes)]);
  }));
});
