import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { faults } from "../../src/websocket/fault.ts";
import {
  decodeHeader,
  encodeHeader,
  type HeaderFields,
  headerLength,
  isControl,
  maxHeaderBytes,
  Opcode,
} from "../../src/websocket/frame.ts";
import { rawFrame } from "../kit/raw_frame.ts";

const opcodes = Object.values(Opcode);
const reserved = [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf];

/** Every header that may legally be written. */
const header: fc.Arbitrary<HeaderFields> = fc
  .record({
    fin: fc.boolean(),
    rsv: fc.integer({ min: 0, max: 7 }),
    opcode: fc.constantFrom(...opcodes),
    masked: fc.boolean(),
    maskKey: fc.integer({ min: 0, max: 0xffffffff }),
    payloadBytes: fc.oneof(
      fc.integer({ min: 0, max: 130 }),
      fc.integer({ min: 65_530, max: 65_540 }),
      fc.maxSafeNat(),
    ),
  })
  .map((fields) => ({
    ...fields,
    fin: fields.fin || isControl(fields.opcode),
    maskKey: fields.masked ? fields.maskKey : 0,
    payloadBytes: isControl(fields.opcode) ? fields.payloadBytes % 126 : fields.payloadBytes,
  }));

function encoded(fields: HeaderFields): Uint8Array {
  const bytes = new Uint8Array(headerLength(fields.payloadBytes, fields.masked));
  encodeHeader(bytes, 0, fields);
  return bytes;
}

Deno.test("a header that was written is read back the same", () => {
  fc.assert(fc.property(header, (fields) => {
    const bytes = encoded(fields);
    deepEqual(decodeHeader(bytes, 0), { type: "header", ...fields, headerBytes: bytes.length });
  }));
});

Deno.test("a header is read wherever it starts", () => {
  const padded = new Uint8Array([0xff, 0xff, 0xff, ...rawFrame({ opcode: Opcode.ping })]);
  const read = decodeHeader(padded, 3);
  equal(read?.type === "header" && read.opcode, Opcode.ping);
});

Deno.test("a header that has not arrived whole is awaited", () => {
  fc.assert(fc.property(header, (fields) => {
    const bytes = encoded(fields);
    for (let have = 0; have < bytes.length; have++) {
      equal(decodeHeader(bytes.subarray(0, have), 0), undefined);
    }
  }));
});

Deno.test("no header is longer than fourteen bytes", () => {
  equal(headerLength(Number.MAX_SAFE_INTEGER, true), maxHeaderBytes);
});

Deno.test("RFC 6455 §5.2: the length takes the fewest bytes it can", () => {
  deepEqual([0, 125, 126, 65_535, 65_536].map((n) => headerLength(n, false)), [2, 2, 4, 4, 10]);
  deepEqual([0, 125, 126, 65_535, 65_536].map((n) => headerLength(n, true)), [6, 6, 8, 8, 14]);
});

Deno.test("RFC 6455 §5.2: a length in more bytes than it needs is a fault", () => {
  for (const announced of [0n, 125n]) {
    const bytes = rawFrame({ opcode: Opcode.text, lengthBytes: 2, announced });
    equal(decodeHeader(bytes, 0), faults.lengthNotMinimal);
  }
  for (const announced of [0n, 125n, 126n, 65_535n]) {
    const bytes = rawFrame({ opcode: Opcode.text, lengthBytes: 8, announced });
    equal(decodeHeader(bytes, 0), faults.lengthNotMinimal);
  }
});

Deno.test("RFC 6455 §5.2: the most significant bit of a 64-bit length must be zero", () => {
  const bytes = rawFrame({ opcode: Opcode.text, lengthBytes: 8, announced: 1n << 63n });
  equal(decodeHeader(bytes, 0), faults.lengthOutOfRange);
});

Deno.test("RFC 6455 §5.2: a length beyond what a number can count stays a big one", () => {
  const bytes = rawFrame({ opcode: Opcode.text, lengthBytes: 8, announced: (1n << 63n) - 1n });
  const read = decodeHeader(bytes, 0);
  equal(read?.type === "header" && read.payloadBytes > 2 ** 62, true);
});

Deno.test("RFC 6455 §5.2: reserved opcodes are faults", () => {
  for (const opcode of reserved) {
    equal(decodeHeader(rawFrame({ opcode }), 0), faults.reservedOpcode);
  }
});

Deno.test("RFC 6455 §5.5: a control frame is not fragmented", () => {
  for (const opcode of [Opcode.close, Opcode.ping, Opcode.pong]) {
    equal(decodeHeader(rawFrame({ opcode, fin: false }), 0), faults.fragmentedControl);
  }
});

Deno.test("RFC 6455 §5.5: a control frame carries 125 bytes at most, in the short form", () => {
  for (const opcode of [Opcode.close, Opcode.ping, Opcode.pong]) {
    const longest = decodeHeader(rawFrame({ opcode, payload: new Uint8Array(125) }), 0);
    equal(longest?.type, "header");
    equal(decodeHeader(rawFrame({ opcode, payload: new Uint8Array(126) }), 0), faults.longControl);
    equal(decodeHeader(rawFrame({ opcode, lengthBytes: 2, announced: 1n }), 0), faults.longControl);
  }
});

Deno.test("RFC 6455 §5.5: control frames are those with the highest bit of the opcode", () => {
  deepEqual(opcodes.filter(isControl), [Opcode.close, Opcode.ping, Opcode.pong]);
});
