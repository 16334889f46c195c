/**
 * A pool of byte buffers.
 *
 * A buffer outside the heap takes one to two microseconds to allocate and to collect, as much as all other
 * work on a small message. A connection needs one only while it has something to write or part of a
 * message; idle connections, nearly all of them, should hold none. So one pool lends buffers to all
 * connections of a process.
 *
 * @module
 */

import { assert } from "../base/assert.ts";

const smallestShift = 10;
const largestShift = 16;

/**
 * Lends buffers of 1, 2, 4 … 64 KiB; longer ones are allocated and not kept. A lent buffer has the contents
 * that its last user left: read only what was written.
 */
export class BufferPool {
  /** The most bytes of spare buffers; more are left to the garbage collector. */
  readonly maxSpareBytes: number;
  /** Spare buffers by size, smallest first. */
  readonly #spare: Uint8Array<ArrayBuffer>[][] = [];
  #spareBytes = 0;

  /** Keeps so much memory, bytes, for connections to come. */
  constructor(maxSpareBytes = 4 * 1024 * 1024) {
    assert(maxSpareBytes >= 0, "a pool keeps some bytes or none");
    this.maxSpareBytes = maxSpareBytes;
    for (let shift = smallestShift; shift <= largestShift; shift++) this.#spare.push([]);
  }

  /** Bytes of spare buffers. */
  get spareBytes(): number {
    return this.#spareBytes;
  }

  /** A buffer of at least `minBytes`, its length the next power of two. */
  borrow(minBytes: number): Uint8Array<ArrayBuffer> {
    const shift = Math.max(smallestShift, Math.ceil(Math.log2(minBytes)));
    const spare = this.#spare[shift - smallestShift]?.pop();
    if (spare === undefined) return new Uint8Array(2 ** shift);
    this.#spareBytes -= spare.length;
    return spare;
  }

  /** Returns a buffer, which must not be used any more. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    const shift = Math.log2(buffer.length);
    const shelf = this.#spare[shift - smallestShift];
    if (shelf === undefined || this.#spareBytes + buffer.length > this.maxSpareBytes) return;
    assert(buffer.length === buffer.buffer.byteLength, "a buffer comes back whole");
    shelf.push(buffer);
    this.#spareBytes += buffer.length;
  }
}
