import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { mask } from "../../src/websocket/mask.ts";

/** RFC 6455 §5.3, word for word. */
function slowly(bytes: Uint8Array, key: number, phase: number): number[] {
  const octets = [key >>> 24, (key >>> 16) & 255, (key >>> 8) & 255, key & 255];
  return [...bytes].map((octet, i) => octet ^ octets[(i + phase) % 4]!);
}

Deno.test("RFC 6455 §5.3: masking does what the algorithm says, at any length, place and phase", () => {
  const anyKey = fc.integer({ min: 0, max: 0xffffffff });
  const size = fc.oneof(fc.nat(20), fc.integer({ min: 120, max: 140 }), fc.nat(1000));
  fc.assert(fc.property(anyKey, size, fc.nat(7), fc.nat(1000), (key, length, offset, phase) => {
    const memory = Uint8Array.from({ length: offset + length + 4 }, (_, i) => i * 7);
    const bytes = memory.subarray(offset, offset + length);
    const expected = slowly(bytes, key, phase);
    const before = memory.slice(0, offset);
    const after = memory.slice(offset + length);
    mask(bytes, key, phase);
    deepEqual([...bytes], expected);
    deepEqual(memory.slice(0, offset), before, "bytes before are left alone");
    deepEqual(memory.slice(offset + length), after, "bytes behind are left alone");
  }));
});

Deno.test("RFC 6455 §5.3: masking twice changes nothing", () => {
  const bytes = Uint8Array.from({ length: 501 }, (_, i) => i);
  const before = bytes.slice();
  mask(bytes, 0xdeadbeef, 3);
  mask(bytes, 0xdeadbeef, 3);
  deepEqual(bytes, before);
});

Deno.test("RFC 6455 §5.3: a payload masked in pieces equals one masked whole", () => {
  const whole = Uint8Array.from({ length: 700 }, (_, i) => i);
  const pieces = whole.slice();
  mask(whole, 0x01020304, 0);
  for (let at = 0; at < pieces.length; at += 137) {
    mask(pieces.subarray(at, at + 137), 0x01020304, at);
  }
  deepEqual(pieces, whole);
});
