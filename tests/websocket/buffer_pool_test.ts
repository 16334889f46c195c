import { equal, notEqual, throws } from "node:assert/strict";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { BufferPool } from "../../src/websocket/buffer_pool.ts";

Deno.test("a lent buffer is the next power of two, one kilobyte at least", () => {
  const pool = new BufferPool();
  for (const [wanted, length] of [[0, 1024], [1024, 1024], [1025, 2048], [70_000, 131_072]]) {
    equal(pool.borrow(wanted!).length, length);
  }
});

Deno.test("a buffer that came back is lent again to who needs its size", () => {
  const pool = new BufferPool();
  const buffer = pool.borrow(2000);
  pool.giveBack(buffer);
  equal(pool.spareBytes, 2048);
  notEqual(pool.borrow(5000), buffer);
  equal(pool.borrow(1500), buffer);
  equal(pool.spareBytes, 0);
});

Deno.test("one buffer is never lent to two", () => {
  const pool = new BufferPool();
  pool.giveBack(pool.borrow(1000));
  notEqual(pool.borrow(1000), pool.borrow(1000));
});

Deno.test("a pool keeps no more than its bound", () => {
  const pool = new BufferPool(3000);
  const buffers = [pool.borrow(1000), pool.borrow(1000), pool.borrow(1000)];
  for (const buffer of buffers) pool.giveBack(buffer);
  equal(pool.spareBytes, 2048);
});

Deno.test("what is longer than 64 KiB is not kept", () => {
  const pool = new BufferPool();
  pool.giveBack(pool.borrow(65_537));
  equal(pool.spareBytes, 0);
});

Deno.test("a part of a buffer cannot come back in place of the whole", () => {
  const pool = new BufferPool();
  throws(() => pool.giveBack(pool.borrow(2048).subarray(0, 1024)), BrokenInvariant);
});
