import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { BufferPool } from "../../src/websocket/buffer_pool.ts";
import { ByteBuffer } from "../../src/websocket/byte_buffer.ts";

Deno.test("what is added comes out in order, bytes and text", () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.string({ unit: "binary" }));
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    const buffer = new ByteBuffer(new BufferPool());
    const expected: number[] = [];
    for (const piece of pieces) {
      if (typeof piece === "string") buffer.appendText(piece);
      else buffer.append(piece);
      expected.push(...(typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
    }
    equal(buffer.length, expected.length);
    deepEqual([...buffer.filled()], expected);
  }));
});

Deno.test("a long text of three-byte characters is encoded whole, none cut", () => {
  const buffer = new ByteBuffer(new BufferPool());
  const text = "あ".repeat(5000) + "🎉".repeat(300);
  buffer.appendText(text);
  equal(new TextDecoder().decode(buffer.filled()), text);
});

Deno.test("a lone surrogate becomes the replacement character, also at the end", () => {
  const buffer = new ByteBuffer(new BufferPool());
  buffer.appendText("a\ud800");
  equal(new TextDecoder().decode(buffer.filled()), "a\ufffd");
});

Deno.test("skip leaves room that the caller fills", () => {
  const buffer = new ByteBuffer(new BufferPool());
  buffer.append(Uint8Array.of(1));
  const at = buffer.skip(2);
  buffer.append(Uint8Array.of(4));
  buffer.storage.set([2, 3], at);
  deepEqual([...buffer.filled()], [1, 2, 3, 4]);
});

Deno.test("what was reserved is filled without moving", () => {
  const buffer = new ByteBuffer(new BufferPool());
  buffer.append(Uint8Array.of(1));
  buffer.reserve(5000);
  equal(buffer.length, 1);
  const { storage } = buffer;
  for (let i = 0; i < 5000; i++) buffer.append(Uint8Array.of(2));
  equal(buffer.storage, storage);
  deepEqual([...buffer.filled().subarray(0, 2)], [1, 2]);
});

Deno.test("widen makes a gap and keeps what lies on either side", () => {
  const buffer = new ByteBuffer(new BufferPool());
  buffer.append(new Uint8Array(1023).fill(7));
  buffer.append(Uint8Array.of(8));
  buffer.widen(1023, 2);
  equal(buffer.length, 1026);
  deepEqual([buffer.filled()[1022], buffer.filled()[1025]], [7, 8]);
  throws(() => buffer.widen(1027, 1), BrokenInvariant);
});

Deno.test("an empty buffer holds no memory, and a released one gives it back", () => {
  const pool = new BufferPool();
  const buffer = new ByteBuffer(pool);
  equal(buffer.storage.length, 0);
  buffer.append(new Uint8Array(5000));
  buffer.release();
  equal(buffer.length, 0);
  equal(buffer.storage.length, 0);
  equal(pool.spareBytes, 8192);
});

Deno.test("what grew gives its smaller storage back", () => {
  const pool = new BufferPool();
  const buffer = new ByteBuffer(pool);
  buffer.append(new Uint8Array(1024));
  buffer.append(new Uint8Array(1));
  equal(pool.spareBytes, 1024);
});

Deno.test("a detached storage belongs to the taker", () => {
  const pool = new BufferPool();
  const buffer = new ByteBuffer(pool);
  buffer.append(Uint8Array.of(9));
  const taken = buffer.detach();
  buffer.append(Uint8Array.of(1));
  equal(taken[0], 9);
  equal(pool.spareBytes, 0);
});
