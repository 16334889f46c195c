import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { bytesToHex, hexToBytes, isHex } from "../../src/nostr/hex.ts";

Deno.test("isHex agrees with the regular expression that says the same", () => {
  const almostHex = fc.string({ unit: fc.constantFrom(..."09afAFgG/:@`é"), maxLength: 6 });
  fc.assert(fc.property(almostHex, (text) => {
    equal(isHex(text, 4), /^[0-9a-f]{4}$/.test(text));
  }));
});

Deno.test("isHex refuses each character beside the digits, and digits of other scripts", () => {
  for (let code = 0; code < 0x3000; code++) {
    const digit = "0123456789abcdef".includes(String.fromCharCode(code));
    equal(isHex(`0${String.fromCharCode(code)}`, 2), digit, `code ${code}`);
  }
});

Deno.test("isHex wants exactly as many digits as asked", () => {
  equal(isHex("a".repeat(63), 64), false);
  equal(isHex("a".repeat(64), 64), true);
  equal(isHex("a".repeat(65), 64), false);
  equal(isHex("", 0), true);
});

Deno.test("bytes come back from hex as they went", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    const hex = bytesToHex(bytes);
    equal(isHex(hex, bytes.length * 2), true);
    deepEqual(hexToBytes(hex), Uint8Array.from(bytes));
  }));
});
