import { equal } from "node:assert/strict";
import fc from "fast-check";
import { Utf8Validator } from "../../src/websocket/utf8_validator.ts";

/** What the runtime's own decoder thinks. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function accepts(pieces: readonly Uint8Array[]): boolean {
  const validator = new Utf8Validator();
  return pieces.every((piece) => validator.push(piece)) && validator.complete;
}

/** Bytes that are often nearly UTF-8. */
const nearly = fc.array(
  fc.oneof(
    fc.constantFrom(0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf),
    fc.constantFrom(0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff),
    fc.constant(0x80),
  ),
  { maxLength: 6 },
).map((bytes) => Uint8Array.from(bytes));

Deno.test("RFC 6455 §8.1: the validator and the runtime's decoder agree, cut anywhere", () => {
  fc.assert(
    fc.property(nearly, fc.nat(6), (bytes, cut) => {
      equal(accepts([bytes.subarray(0, cut), bytes.subarray(cut)]), isUtf8(bytes));
    }),
    { numRuns: 5000 },
  );
});

Deno.test("any text is accepted, byte by byte", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const bytes = new TextEncoder().encode(text);
    equal(accepts([...bytes].map((byte) => Uint8Array.of(byte))), true);
  }));
});

Deno.test("RFC 3629 §3: what has a shorter form, surrogates and the beyond are refused at once", () => {
  const wrong = [[0xc0], [0xc1], [0xe0, 0x9f], [0xed, 0xa0], [0xf0, 0x8f], [0xf4, 0x90], [0xf5]];
  for (const bytes of wrong) {
    equal(new Utf8Validator().push(Uint8Array.from(bytes)), false, bytes.join());
  }
});

Deno.test("a lone continuation byte is refused", () => {
  equal(new Utf8Validator().push(Uint8Array.of(0x80)), false);
});

Deno.test("a text that ends inside a character is not complete", () => {
  const validator = new Utf8Validator();
  equal(validator.push(Uint8Array.of(0xf0, 0x9f, 0x8e)), true);
  equal(validator.complete, false);
});

Deno.test("reset forgets half a character and its bounds", () => {
  const validator = new Utf8Validator();
  validator.push(Uint8Array.of(0xe0));
  validator.reset();
  equal(validator.complete, true);
  equal(validator.push(Uint8Array.of(0xc2, 0x80)), true);
});
