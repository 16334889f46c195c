/**
 * Encodes messages as frames, one after the other in one buffer.
 *
 * An answer of twenty events is twenty frames and one write: frames are built in place, in a buffer that
 * the driver takes as a whole. Nothing else is allocated for a message.
 *
 * @see RFC 6455 §5
 * @module
 */

import type { BufferPool } from "./buffer_pool.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import { encodeHeader, headerLength, Opcode } from "./frame.ts";
import { mask } from "./mask.ts";

/** The options of a {@link FrameWriter}. */
export interface FrameWriterOptions {
  /** Lends the output buffer. */
  readonly pool: BufferPool;
  /**
   * Gives a fresh masking key, 32 unpredictable bits, for each frame of a client; undefined at a
   * server, which does not mask.
   *
   * @see RFC 6455 §5.3 "The masking key needs to be unpredictable"
   */
  readonly freshMaskKey: (() => number) | undefined;
}

/** Encodes frames. Every message goes out in a single frame. */
export class FrameWriter {
  readonly #pool: BufferPool;
  readonly #freshMaskKey: (() => number) | undefined;
  readonly #masked: boolean;
  readonly #output: ByteBuffer;
  /** The buffer of what was taken last, until it may be reused. */
  #taken: Uint8Array<ArrayBuffer> | undefined = undefined;

  constructor(options: FrameWriterOptions) {
    this.#pool = options.pool;
    this.#freshMaskKey = options.freshMaskKey;
    this.#masked = options.freshMaskKey !== undefined;
    this.#output = new ByteBuffer(options.pool);
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#output.length;
  }

  /** Writes a text message. A lone surrogate goes out as U+FFFD. */
  text(text: string): void {
    // Text is nearly always ASCII. So the header is given the size it has if every character is one
    // byte, the text is encoded behind it, and only when that guess proves short is the text moved.
    const start = this.#output.length;
    const guessed = headerLength(text.length, this.#masked);
    this.#output.skip(guessed);
    this.#output.appendText(text);
    const payloadBytes = this.#output.length - start - guessed;
    const missing = headerLength(payloadBytes, this.#masked) - guessed;
    if (missing > 0) this.#output.widen(start + guessed, missing);
    this.#seal(start, { opcode: Opcode.text, rsv: 0, payloadBytes });
  }

  /** Writes one frame whose payload is all `parts` in order. `rsv` as in a frame's header. */
  frame(opcode: number, parts: readonly Uint8Array[], rsv = 0): void {
    let payloadBytes = 0;
    for (const part of parts) payloadBytes += part.length;
    const headerBytes = headerLength(payloadBytes, this.#masked);
    this.#output.reserve(headerBytes + payloadBytes);
    const start = this.#output.skip(headerBytes);
    for (const part of parts) this.#output.append(part);
    this.#seal(start, { opcode, rsv, payloadBytes });
  }

  /** Reserves so many bytes at once, where growing step by step would copy. */
  reserve(byteCount: number): void {
    this.#output.reserve(byteCount);
  }

  /** Everything written since the last call, undefined if that is nothing. */
  take(): Uint8Array | undefined {
    const length = this.#output.length;
    if (length === 0) return undefined;
    this.#taken = this.#output.detach();
    return this.#taken.subarray(0, length);
  }

  /** Allows the memory of what was taken last to be reused. */
  recycle(): void {
    if (this.#taken !== undefined) this.#pool.giveBack(this.#taken);
    this.#taken = undefined;
  }

  /** Drops what waits to be taken. */
  drop(): void {
    this.#output.release();
  }

  /** Fills in the header at `start` and masks the payload behind it, if this is a client. */
  #seal(start: number, frame: { opcode: number; rsv: number; payloadBytes: number }): void {
    const { storage } = this.#output;
    const maskKey = this.#freshMaskKey?.() ?? 0;
    encodeHeader(storage, start, { ...frame, fin: true, masked: this.#masked, maskKey });
    if (!this.#masked) return;
    mask(
      storage.subarray(this.#output.length - frame.payloadBytes, this.#output.length),
      maskKey,
      0,
    );
  }
}
