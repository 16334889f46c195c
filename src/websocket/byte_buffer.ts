/**
 * A growing byte buffer: for frames to send, or for the message that is arriving.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { BufferPool } from "./buffer_pool.ts";

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

/**
 * Grows by doubling from what has arrived, never from what was announced: a peer that declares half a
 * megabyte and sends ten bytes costs one kilobyte. Empty, it holds no memory.
 */
export class ByteBuffer {
  readonly #pool: BufferPool;
  #bytes: Uint8Array<ArrayBuffer> = nothing;
  #length = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Bytes collected so far. */
  get length(): number {
    return this.#length;
  }

  /** The storage, good until the next call that adds. Only the first {@link length} bytes mean anything. */
  get storage(): Uint8Array {
    return this.#bytes;
  }

  /** A view of what was collected, good until the next call that adds or releases. */
  filled(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for `count` more bytes, so that adding them moves nothing. */
  reserve(count: number): void {
    if (this.#length + count > this.#bytes.length) this.#grow(count);
  }

  /** Adds `count` bytes whose contents the caller will write, and gives the place of the first. */
  skip(count: number): number {
    const at = this.#length;
    this.reserve(count);
    this.#length = at + count;
    return at;
  }

  append(bytes: Uint8Array): void {
    // The order matters: skip() may replace the storage.
    const at = this.skip(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Adds the UTF-8 bytes of `text`, encoded in place. A lone surrogate becomes U+FFFD. */
  appendText(text: string): void {
    let rest = text;
    while (rest.length > 0) {
      // One byte a character suffices nearly always; what does not fit is encoded in a second round.
      if (this.#length + rest.length + 2 > this.#bytes.length) this.#grow(rest.length + 2);
      const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(this.#length));
      this.#length += written;
      if (read === rest.length) return;
      rest = rest.slice(read);
    }
  }

  /** Moves everything from `at` on by `count` bytes, to make room there. */
  widen(at: number, count: number): void {
    assert(at <= this.#length, "the gap lies within what was collected");
    const end = this.#length;
    this.skip(count);
    this.#bytes.copyWithin(at + count, at, end);
  }

  /** Returns the storage, with what was collected at its start, and starts with an empty one. */
  detach(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    this.#bytes = nothing;
    this.#length = 0;
    return bytes;
  }

  /** Drops what was collected and returns the storage to the pool. */
  release(): void {
    const bytes = this.detach();
    if (bytes.length > 0) this.#pool.giveBack(bytes);
  }

  #grow(extra: number): void {
    const grown = this.#pool.borrow(this.#length + extra);
    grown.set(this.filled());
    if (this.#bytes.length > 0) this.#pool.giveBack(this.#bytes);
    this.#bytes = grown;
  }
}
