/**
 * Queues outgoing messages, and encodes them as frames as late as possible.
 *
 * While a peer keeps up, the messages of one turn are encoded into one buffer that leaves in one write.
 * While a write is pending, while the unread window is full, or when a write is full, messages wait as
 * they were passed in and are encoded piece by piece. A thousand peers that do not read then hold a
 * thousand references to one event and not a thousand copies, and no buffer grows by copying.
 *
 * @module
 */

import { unreachable } from "../base/assert.ts";
import { type SharedBytes, utf8, utf8Length } from "../base/bytes.ts";
import type { Extension } from "./extension.ts";
import { headerLength, Opcode, Rsv1 } from "./frame.ts";
import { FrameWriter, type FrameWriterOptions } from "./frame_writer.ts";

/**
 * The most bytes of one write, unless a single message is longer. This much is held for each peer that
 * does not read; it is also the largest buffer of a pool.
 */
export const maxOutputBytes = 64 * 1024;

/** Bytes of a write that messages leave free: for a short ping behind them, and for a longer header. */
const spareBytes = 24;

/** Told of each piece that is written. */
export interface PieceWatch {
  /** Called with the length of a write. Returns the payload of a ping to send right behind it, if any. */
  sent(bytes: number): Uint8Array | undefined;
}

interface OutputQueueOptions extends FrameWriterOptions {
  /** The negotiated extension. */
  readonly extension: Extension | undefined;
}

/** A waiting message. `bytes` is its length as a frame, before compression. */
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
 * The output of one connection. Messages and control frames leave in the order in which they were queued.
 */
export class OutputQueue {
  readonly #writer: FrameWriter;
  readonly #extension: Extension | undefined;
  readonly #masked: boolean;
  /** Whether new messages wait: a write is pending, or none will follow soon. */
  #waits = false;
  /** Sent after everything in the writer, oldest first. */
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;

  constructor(options: OutputQueueOptions) {
    this.#writer = new FrameWriter(options);
    this.#extension = options.extension;
    this.#masked = options.freshMaskKey !== undefined;
  }

  /** Bytes that wait to be taken; messages that are not encoded yet count uncompressed. */
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

  /** Adds one text message made of three parts. They must not be changed afterwards. */
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
   * Allows the memory of the piece taken last to be reused. With `waits`, messages queued before the next
   * piece is taken are not encoded: for when that may take long.
   */
  recycle(waits = false): void {
    this.#writer.recycle();
    this.#waits = waits;
  }

  /** Drops everything that has not been taken. The peer still receives whole frames only. */
  drop(): void {
    this.#writer.drop();
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  /** Whether a message of about this length is encoded at once. */
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
    // Reserved at once: a buffer that grows is copied.
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
