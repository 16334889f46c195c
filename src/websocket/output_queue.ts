/**
 * What waits to be sent, as messages for as long as that is possible.
 *
 * A peer that keeps up costs an encoding and nothing else: what one turn sends is written as frames at
 * once, into one buffer that leaves in one write. While that write is under way, or the peer has to show
 * that it reads, or when there is more than a write should carry, messages wait as they were handed in, and become frames piece by piece as
 * the peer reads. A thousand peers that do not read so hold a thousand references to one event, not a
 * thousand copies of it, and nothing that grows is ever moved.
 *
 * @module
 */

import { unreachable } from "../base/assert.ts";
import { type SharedBytes, utf8, utf8Length } from "../base/bytes.ts";
import type { Extension } from "./extension.ts";
import { headerLength, Opcode, Rsv1 } from "./frame.ts";
import { FrameWriter, type FrameWriterOptions } from "./frame_writer.ts";

/**
 * What one write carries, in bytes, at most, unless a single message is longer. This much is held for
 * each peer that does not read; it is also the largest buffer that a pool lends.
 */
export const maxOutputBytes = 64 * 1024;

/** What messages leave of it: room for a short ping behind them, and for a header counted too short. */
const spareBytes = 24;

/** Who may want to know when a piece has been read. */
export interface PieceWatch {
  /** So many bytes are sent, in one write. Gives the payload of a ping to send right behind them. */
  sent(bytes: number): Uint8Array | undefined;
}

/** What a queue must know of its connection. */
export interface OutputQueueOptions extends FrameWriterOptions {
  /** What the handshake agreed on. */
  readonly extension: Extension | undefined;
}

/** A message as it waits. `bytes` is its length as a frame, before compression. */
type Waiting =
  | { readonly type: "text"; readonly bytes: number; readonly text: string }
  | { readonly type: "binary"; readonly bytes: number; readonly message: Uint8Array }
  | {
    readonly type: "control";
    readonly bytes: number;
    readonly opcode: number;
    readonly payload: Uint8Array;
  }
  | {
    readonly type: "shared";
    readonly bytes: number;
    readonly head: Uint8Array;
    readonly body: SharedBytes;
    readonly tail: Uint8Array;
  };

/**
 * The way out of one connection. Messages and control frames leave in the order in which they came.
 *
 * @example
 * ```ts
 * import { BufferPool } from "./buffer_pool.ts";
 * import { OutputQueue } from "./output_queue.ts";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * const queue = new OutputQueue({
 *   pool: new BufferPool(),
 *   freshMaskKey: undefined,
 *   extension: undefined,
 * });
 * queue.text("a");
 * queue.text("b");
 * deepEqual([...queue.take()!], [0x81, 1, 0x61, 0x81, 1, 0x62]);
 * queue.text("waits");
 * equal(queue.length, 7);
 * queue.recycle();
 * equal(queue.take()?.length, 7);
 * ```
 */
export class OutputQueue {
  readonly #writer: FrameWriter;
  readonly #extension: Extension | undefined;
  readonly #masked: boolean;
  /** A write is under way, or none will follow soon: what is handed in waits. */
  #waits = false;
  /** Behind all that the writer holds, oldest first. */
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;

  constructor(options: OutputQueueOptions) {
    this.#writer = new FrameWriter(options);
    this.#extension = options.extension;
    this.#masked = options.freshMaskKey !== undefined;
  }

  /** Bytes that wait to be taken. What is not a frame yet counts as it is before compression. */
  get length(): number {
    return this.#writer.length + this.#waitingBytes;
  }

  /** Adds a text message. A lone surrogate goes out as U+FFFD. */
  text(text: string): void {
    // Text is not shorter in bytes than in UTF-16 units, and nearly always no longer.
    if (this.#mayPass(text.length)) this.#encodeText(text);
    else this.#wait({ type: "text", bytes: this.#frameBytes(utf8Length(text)), text });
  }

  /** Adds a binary message. It is copied if it has to wait. */
  binary(message: Uint8Array): void {
    if (this.#mayPass(message.length)) this.#encodeBytes(Opcode.binary, message);
    else {
      const bytes = this.#frameBytes(message.length);
      this.#wait({ type: "binary", bytes, message: message.slice() });
    }
  }

  /** Adds one text message made of three parts, which nobody changes from now on. */
  shared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void {
    const payloadBytes = head.length + body.bytes.length + tail.length;
    if (this.#mayPass(payloadBytes)) this.#encodeShared(head, body, tail);
    else this.#wait({ type: "shared", bytes: this.#frameBytes(payloadBytes), head, body, tail });
  }

  /** Adds a control frame. Its payload is copied if it has to wait. */
  control(opcode: number, payload: Uint8Array): void {
    if (this.#mayPass(payload.length)) this.#writer.frame(opcode, [payload]);
    else {
      const bytes = this.#frameBytes(payload.length);
      this.#wait({ type: "control", bytes, opcode, payload: payload.slice() });
    }
  }

  /**
   * The next piece to write, whole frames; undefined if nothing waits. The ping that `watch` gives goes
   * before all that still waits.
   */
  take(watch?: PieceWatch): Uint8Array | undefined {
    if (this.#waiting.length > 0) this.#fill();
    if (this.#writer.length > 0) {
      const ping = watch?.sent(this.#writer.length);
      if (ping !== undefined) this.#writer.frame(Opcode.ping, [ping]);
    }
    const output = this.#writer.take();
    this.#waits = output !== undefined;
    return output;
  }

  /**
   * Says that nobody needs what was taken last: its memory is used again. What is handed in until the
   * next piece is taken still `waits`, if that may take long.
   */
  recycle(waits = false): void {
    this.#writer.recycle();
    this.#waits = waits;
  }

  /** Forgets all that has not been taken. The peer sees whole frames nevertheless. */
  drop(): void {
    this.#writer.drop();
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  /** Whether a message of this length, as far as it is known, becomes a frame at once. */
  #mayPass(payloadBytes: number): boolean {
    return !this.#waits && this.#waiting.length === 0 && this.#fits(payloadBytes);
  }

  /** A message that no write can carry goes alone. */
  #fits(bytes: number): boolean {
    const { length } = this.#writer;
    return length === 0 || length + bytes <= maxOutputBytes - spareBytes;
  }

  #wait(message: Waiting): void {
    this.#waiting.push(message);
    this.#waitingBytes += message.bytes;
  }

  #fill(): void {
    // All the room at once: a buffer that grows is a buffer that is copied.
    if (this.#writer.length === 0) {
      this.#writer.reserve(Math.min(this.#waitingBytes, maxOutputBytes));
    }
    let count = 0;
    for (const message of this.#waiting) {
      if (!this.#fits(message.bytes)) break;
      this.#encode(message);
      this.#waitingBytes -= message.bytes;
      count++;
    }
    this.#waiting.splice(0, count);
  }

  #encode(message: Waiting): void {
    switch (message.type) {
      case "text":
        return this.#encodeText(message.text);
      case "binary":
        return this.#encodeBytes(Opcode.binary, message.message);
      case "control":
        return this.#writer.frame(message.opcode, [message.payload]);
      case "shared":
        return this.#encodeShared(message.head, message.body, message.tail);
      default:
        unreachable(message);
    }
  }

  #encodeText(text: string): void {
    const isPlain = this.#extension === undefined || text.length < this.#extension.minBytes;
    if (isPlain) this.#writer.text(text);
    else this.#encodeBytes(Opcode.text, utf8(text));
  }

  #encodeBytes(opcode: number, message: Uint8Array): void {
    const encoded = this.#extensionFor(message)?.encode(message);
    if (encoded === undefined) this.#writer.frame(opcode, [message]);
    else this.#writer.frame(opcode, [encoded], Rsv1);
  }

  #encodeShared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void {
    const encoded = this.#extensionFor(body.bytes)?.encodeShared(head, body, tail);
    if (encoded === undefined) this.#writer.frame(Opcode.text, [head, body.bytes, tail]);
    else this.#writer.frame(Opcode.text, encoded, Rsv1);
  }

  /** What was agreed on, if these bytes are worth asking it. */
  #extensionFor(bytes: Uint8Array): Extension | undefined {
    const extension = this.#extension;
    return extension === undefined || bytes.length < extension.minBytes ? undefined : extension;
  }

  #frameBytes(payloadBytes: number): number {
    return headerLength(payloadBytes, this.#masked) + payloadBytes;
  }
}
