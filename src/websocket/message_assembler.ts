/**
 * Joins the parts of data frames to messages.
 *
 * @see RFC 6455 §5.4
 * @module
 */

import type { ProtocolLimits } from "./protocol.ts";
import { utf8Decode } from "../base/bytes.ts";
import type { BufferPool } from "./buffer_pool.ts";
import { ByteBuffer } from "./byte_buffer.ts";
import type { Extension } from "./extension.ts";
import { type Fault, faults } from "./fault.ts";
import { type FrameHeader, Opcode } from "./frame.ts";
import type { FramePart } from "./frame_reader.ts";
import { Utf8Validator } from "./utf8_validator.ts";

/** A whole message. */
export type Message =
  | { readonly type: "text"; readonly text: string }
  /** The receiver may keep the bytes. They may be a view into what was read. */
  | { readonly type: "binary"; readonly bytes: Uint8Array };

/** The options of a {@link MessageAssembler}. */
export interface MessageAssemblerOptions {
  /** The longest message: as it arrives, and after the extension decoded it. Read with each frame. */
  readonly limits: Pick<ProtocolLimits, "maxMessageBytes">;
  readonly extension: Extension | undefined;
  /** Lends the memory for messages that arrive in pieces. */
  readonly pool: BufferPool;
}

/**
 * Joins fragments. A message that one read holds in one frame, the usual case, is decoded where it
 * lies; any other is collected in one buffer, which is bounded by `maxMessageBytes` and given back
 * when the message is over. After a fault the assembler must be {@link release}d.
 */
export class MessageAssembler {
  readonly #options: MessageAssemblerOptions;
  readonly #collected: ByteBuffer;
  readonly #validator = new Utf8Validator();
  /** The first header of the message in progress: it says what the message is. */
  #first: FrameHeader | undefined = undefined;
  #inflatedBytes = 0;
  #deflatedBytes = 0;
  /** Payload that the headers of this message have announced so far. */
  #announcedBytes = 0;

  constructor(options: MessageAssemblerOptions) {
    this.#options = options;
    this.#collected = new ByteBuffer(options.pool);
  }

  /** Whether an extension may make messages longer. */
  get mayInflate(): boolean {
    return this.#options.extension !== undefined;
  }

  /** Bytes that decompression has added to messages since the start. */
  get inflatedBytes(): number {
    return this.#inflatedBytes;
  }

  /** Bytes that decompression has read since the start: they may make no message, or a short one. */
  get deflatedBytes(): number {
    return this.#deflatedBytes;
  }

  /** The message that this part completes; undefined while it goes on. */
  add(part: FramePart): Message | Fault | undefined {
    if (part.starts) {
      const fault = this.#begin(part.header);
      if (fault !== undefined) return fault;
    }
    const last = part.ends && part.header.fin;
    if (last && this.#collected.length === 0) return this.#finish(part.payload);

    if (!this.#fits(part.payload)) return faults.invalidUtf8;
    this.#collected.append(part.payload);
    return last ? this.#finishCollected() : undefined;
  }

  /** Drops a message in progress and returns its memory to the pool. */
  release(): void {
    this.#collected.release();
    this.#validator.reset();
    this.#first = undefined;
    this.#announcedBytes = 0;
  }

  /** Decides about a frame from its header, before any of its payload is kept. */
  #begin(header: FrameHeader): Fault | undefined {
    const continues = header.opcode === Opcode.continuation;
    if (continues && this.#first === undefined) return faults.loneContinuation;
    if (!continues && this.#first !== undefined) return faults.interruptedMessage;
    this.#first ??= header;
    this.#announcedBytes += header.payloadBytes;
    return this.#announcedBytes > this.#options.limits.maxMessageBytes
      ? faults.messageTooBig
      : undefined;
  }

  /** Whether a message with this piece can still be what it says. Encoded text is judged decoded. */
  #fits(payload: Uint8Array): boolean {
    const isPlainText = this.#first!.opcode === Opcode.text && this.#first!.rsv === 0;
    return !isPlainText || this.#validator.push(payload);
  }

  #finishCollected(): Message | Fault {
    const message = this.#finish(this.#collected.filled());
    // The buffer goes back to the pool, so bytes that stay with the receiver are copied out of it.
    const kept = message.type === "binary"
      ? { type: "binary", bytes: message.bytes.slice() } as const
      : message;
    this.#collected.release();
    return kept;
  }

  #finish(payload: Uint8Array): Message | Fault {
    const { opcode, rsv } = this.#first!;
    this.#first = undefined;
    this.#announcedBytes = 0;
    this.#validator.reset();
    const { extension, limits } = this.#options;
    if (rsv === 0 || extension === undefined) return toMessage(opcode, payload);
    this.#deflatedBytes += payload.length;
    const decoded = extension.decode(payload, limits.maxMessageBytes);
    if (!(decoded instanceof Uint8Array)) return decoded;
    this.#inflatedBytes += Math.max(0, decoded.length - payload.length);
    return toMessage(opcode, decoded);
  }
}

function toMessage(opcode: number, bytes: Uint8Array): Message | Fault {
  if (opcode === Opcode.binary) return { type: "binary", bytes };
  const text = utf8Decode(bytes);
  return text === undefined ? faults.invalidUtf8 : { type: "text", text };
}
