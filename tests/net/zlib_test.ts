import { deepEqual, equal, throws } from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { nodeZlib } from "../../src/net/zlib.ts";

const finalBlock = Uint8Array.of(1, 0, 0, 0xff, 0xff);

/** Bytes that shrink: few values, with repetitions. */
const bytes = fc.array(fc.constantFrom(1, 2, 2, 3, 250), { maxLength: 3000 }).map((values) =>
  Uint8Array.from(values)
);

Deno.test("blocks end at the border of a byte, none of them final", () => {
  fc.assert(fc.property(bytes, fc.integer({ min: 9, max: 15 }), (message, windowBits) => {
    const blocks = nodeZlib.deflate(message, windowBits);
    deepEqual([...blocks.subarray(-4)], [0, 0, 0xff, 0xff]);
    const again = inflateRawSync(concat([blocks, blocks, finalBlock]), { windowBits });
    deepEqual(new Uint8Array(again), concat([message, message]));
  }));
});

Deno.test("what was deflated is inflated, up to the very limit", () => {
  fc.assert(fc.property(bytes, (message) => {
    const blocks = concat([nodeZlib.deflate(message, 12), finalBlock]);
    deepEqual(nodeZlib.inflate(blocks, message.length), message);
    if (message.length > 0) equal(nodeZlib.inflate(blocks, message.length - 1), "too big");
  }));
});

Deno.test("streams that follow each other are one message, and share its limit", () => {
  const streams = concat([deflateRawSync("one "), deflateRawSync("two "), deflateRawSync("three")]);
  deepEqual(nodeZlib.inflate(streams, 13), utf8("one two three"));
  equal(nodeZlib.inflate(streams, 12), "too big");
  equal(nodeZlib.inflate(streams, 8), "too big");
  const empty = concat(Array.from({ length: 16 }, () => finalBlock));
  deepEqual(nodeZlib.inflate(empty, 0), new Uint8Array(0));
  equal(nodeZlib.inflate(concat([empty, finalBlock]), 0), "corrupt");
});

Deno.test("what is no DEFLATE, or lacks its end, is corrupt", () => {
  equal(nodeZlib.inflate(Uint8Array.of(0xff, 0xff), 100), "corrupt");
  const endless = deflateRawSync("endless", { finishFlush: constants.Z_SYNC_FLUSH });
  equal(nodeZlib.inflate(endless, 100), "corrupt");
  equal(nodeZlib.inflate(concat([deflateRawSync("one"), Uint8Array.of(7)]), 100), "corrupt");
});

Deno.test("a result of many pieces of memory is whole", () => {
  const message = new Uint8Array(3_000_000).map((_, at) => (at * at) % 7);
  const blocks = concat([nodeZlib.deflate(message, 15), finalBlock]);
  deepEqual(nodeZlib.inflate(blocks, 3_000_000), message);
});

Deno.test("any bytes whatever give a result, and none longer than the limit", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (noise) => {
      const result = nodeZlib.inflate(noise, 1000);
      equal(typeof result === "string" || result.length <= 1000, true);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a window that zlib does not know is our own bug, and thrown", () => {
  throws(() => nodeZlib.deflate(utf8("x"), 16), RangeError);
});
