/**
 * The WebSocket protocol after the handshake, without a socket.
 *
 * Bytes that were read go into {@link Protocol.receive}, which gives back what happened; what shall be
 * sent goes into the send methods; bytes to write come out of {@link Protocol.takeOutput}. The
 * protocol never waits, reads no clock and throws at nothing a peer can send. Every way to go wrong
 * ends in the same three moves: the close frame is queued, the reader is replaced by one that reads
 * nothing, and an event says what it was.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { type SharedBytes, utf8Decode } from "../base/bytes.ts";
import type { Random } from "../base/random.ts";
import { BufferPool } from "./buffer_pool.ts";
import { CloseCode, mayTravel } from "./close_code.ts";
import type { Extension } from "./extension.ts";
import { type Fault, faults } from "./fault.ts";
import { isControl, maxControlBytes, Opcode, Rsv1 } from "./frame.ts";
import { discard, type FramePart, FrameReader, type FrameSource } from "./frame_reader.ts";
import { type Message, MessageAssembler } from "./message_assembler.ts";
import { OutputQueue, type PieceWatch } from "./output_queue.ts";
import { nextState, type ProtocolState, type ProtocolStep } from "./protocol_state.ts";

/** The events of {@link Protocol.receive}. A {@link Fault} or a close is the last one of a connection. */
export type ProtocolEvent =
  | Message
  /** Answered already. */
  | { readonly type: "ping"; readonly bytes: Uint8Array }
  | { readonly type: "pong"; readonly bytes: Uint8Array }
  /** The peer's close frame, answered already; 1005 stands for a frame without a code. */
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  | Fault;

/** The options of both ends. They are read with each frame, so getters may change them meanwhile. */
export interface ProtocolLimits {
  /**
   * The longest message, in bytes, counted over its fragments and after decompression. A peer can make
   * this end hold twice as much.
   */
  readonly maxMessageBytes: number;
  /** The longest single frame, in bytes; as `maxMessageBytes` if not given. */
  readonly maxFrameBytes?: number;
}

/** The options of a {@link Protocol}. */
export type ProtocolOptions =
  & ProtocolLimits
  & (
    | { readonly role: "server" }
    /** Makes the unpredictable masking keys of a client. */
    | { readonly role: "client"; readonly random: Random }
  )
  & {
    /** The negotiated extension. */
    readonly extension?: Extension | undefined;
    /** Shared by all connections of a process; one of its own if not given. */
    readonly pool?: BufferPool | undefined;
  };

/** A close or fault that is still to be answered. */
interface Unanswered {
  readonly step: ProtocolStep;
  readonly code: number;
  readonly reason: string;
}

const nothing = new Uint8Array(0);

/** A close frame's reason: 125 bytes less the code. */
const maxReasonBytes = maxControlBytes - 2;

/**
 * One end of a WebSocket connection.
 *
 * @example
 * ```ts
 * import { Protocol } from "./protocol.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
 * const client = new Protocol({ role: "client", maxMessageBytes: 1024, random });
 * const server = new Protocol({ role: "server", maxMessageBytes: 1024 });
 *
 * client.sendText("hello");
 * client.sendClose(1000, "bye");
 * deepEqual(server.receive(client.takeOutput()!), [
 *   { type: "text", text: "hello" },
 *   { type: "close", code: 1000, reason: "bye" },
 * ]);
 * deepEqual(client.receive(server.takeOutput()!), [{ type: "close", code: 1000, reason: "bye" }]);
 * deepEqual([client.state, server.state], ["closed", "closed"]);
 * ```
 */
export class Protocol {
  readonly #messages: MessageAssembler;
  readonly #output: OutputQueue;
  #reader: FrameSource;
  #state: ProtocolState = "open";
  /** The close or fault that ended the input and is not answered yet, see {@link finish}. */
  #unanswered: Unanswered | undefined = undefined;
  #frames = 0;
  #holdsPongs = false;
  /** The payload of the latest ping that waits for {@link releasePongs}. */
  #owedPong: Uint8Array | undefined = undefined;

  /** Starts in the state after the handshake. */
  constructor(options: ProtocolOptions) {
    const { extension, pool = new BufferPool() } = options;
    const limits: ProtocolLimits = options;
    const { maxMessageBytes, maxFrameBytes = maxMessageBytes } = limits;
    assert(maxMessageBytes > 0 && maxFrameBytes > 0, "limits are positive");
    this.#messages = new MessageAssembler({ limits, extension, pool });
    this.#reader = new FrameReader({
      peerMasks: options.role === "server",
      limits,
      allowedRsv: extension === undefined ? 0 : Rsv1,
    });
    const freshMaskKey = options.role === "client" ? maskKeys(options.random) : undefined;
    this.#output = new OutputQueue({ pool, freshMaskKey, extension });
  }

  /** The state of the connection. */
  get state(): ProtocolState {
    return this.#state;
  }

  /** Bytes that wait for {@link takeOutput}, some of them counted before compression. */
  get pendingBytes(): number {
    return this.#output.length;
  }

  /**
   * Takes the bytes of one read, which become the protocol's: payloads are unmasked in place. Gives
   * what they completed, in order; the views in events lie in these bytes.
   */
  receive(bytes: Uint8Array): readonly ProtocolEvent[] {
    const events: ProtocolEvent[] = [];
    this.feed(bytes);
    for (;;) {
      const event = this.next();
      if (event === undefined) break;
      if (event !== "partial") events.push(event);
    }
    this.finish();
    return events;
  }

  /**
   * Takes the bytes of one read without processing them: the caller decides by {@link next} how much is
   * done at a time.
   */
  feed(bytes: Uint8Array): void {
    this.#reader.feed(bytes);
  }

  /**
   * Does the work of one frame, or of what there is of it: gives what it completed, `partial` if that
   * was nothing yet, undefined when all bytes are used up. After a close or a fault nothing more is
   * read, and messages can still be sent until {@link finish}.
   */
  next(): ProtocolEvent | "partial" | undefined {
    const part = this.#reader.next();
    if (part === undefined) return undefined;
    this.#frames++;
    const event = part.type === "fault" ? this.#fail(part) : this.#accept(part);
    return event ?? "partial";
  }

  /** Answers the close or fault that {@link next} gave, behind all that was sent until now. */
  finish(): void {
    if (this.#unanswered === undefined) return;
    const { step, code, reason } = this.#unanswered;
    this.#unanswered = undefined;
    if (this.#state === "open") this.#writeClose(code, reason);
    this.#move(step);
  }

  /** Whether a message may become longer than it travels. */
  get mayInflate(): boolean {
    return this.#messages.mayInflate;
  }

  /** Frames that were read since the start, each piece of one that came in pieces. */
  get frames(): number {
    return this.#frames;
  }

  /** Bytes that decompression has added to messages since the start. */
  get inflatedBytes(): number {
    return this.#messages.inflatedBytes;
  }

  /** Bytes that decompression has read since the start. */
  get deflatedBytes(): number {
    return this.#messages.deflatedBytes;
  }

  /** The input has ended. Without a close frame before it, the end was not clean. */
  receiveEof(): void {
    this.finish();
    this.#move("end of input");
  }

  /** Queues a text message. A lone surrogate goes out as U+FFFD. Ignored once a close was sent. */
  sendText(text: string): void {
    if (this.#state === "open") this.#output.text(text);
  }

  /** Queues a binary message. Ignored once a close was sent. */
  sendBinary(bytes: Uint8Array): void {
    if (this.#state === "open") this.#output.binary(bytes);
  }

  /**
   * Queues one text message made of `head`, the shared `body` and `tail`, which together are UTF-8
   * and stay as they are: a message that has to wait is not copied. Ignored once a close was sent.
   */
  sendShared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void {
    if (this.#state === "open") this.#output.shared(head, body, tail);
  }

  /** Queues a ping with up to 125 bytes for the peer to send back. Ignored once a close was sent. */
  sendPing(bytes: Uint8Array = nothing): void {
    assert(bytes.length <= maxControlBytes, "a ping carries 125 bytes at most");
    if (this.#state === "open") this.#output.control(Opcode.ping, bytes);
  }

  /**
   * Starts the closing handshake. A reason that does not fit into its 123 bytes is cut after a whole
   * character. Ignored once a close was sent.
   */
  sendClose(code: number, reason = ""): void {
    assert(mayTravel(code), `a close frame may carry the code ${code}`);
    if (this.#state !== "open") return;
    this.#writeClose(code, reason);
    this.#move("close sent");
  }

  /**
   * Stops answering pings while the peer does not read: the pongs would accumulate without bound.
   *
   * @see RFC 6455 §5.5.3 "the endpoint MAY elect to send a Pong frame for only the most recently
   * processed Ping frame"
   */
  holdPongs(): void {
    this.#holdsPongs = true;
  }

  /** Answers the latest ping that {@link holdPongs} left unanswered, and each from now on. */
  releasePongs(): void {
    this.#holdsPongs = false;
    if (this.#owedPong !== undefined) this.#sendPong(this.#owedPong);
    this.#owedPong = undefined;
  }

  /**
   * The next piece of what is queued, whole frames of 64 KiB together or one that is longer; undefined
   * if there is nothing. One piece is under way at a time: {@link recycleOutput} before the next.
   *
   * `watch` is told the piece's length and may give a few bytes, which go out at its end as a ping,
   * before all that still waits. It is not asked once a close was sent.
   */
  takeOutput(watch?: PieceWatch): Uint8Array | undefined {
    return this.#output.take(this.#state === "open" ? watch : undefined);
  }

  /**
   * Allows the memory of the piece taken last to be reused. With `waits`, what is sent until the next piece
   * is taken is kept by reference: for when that may take long.
   */
  recycleOutput(waits = false): void {
    this.#output.recycle(waits);
  }

  /**
   * Drops what is queued and was not taken, so that the close frame sent next follows the pending write:
   * for a peer that does not read. Ignored once a close was sent.
   */
  dropOutput(): void {
    if (this.#state === "open") this.#output.drop();
  }

  #accept(part: FramePart): ProtocolEvent | undefined {
    if (isControl(part.header.opcode)) return this.#acceptControl(part);
    const message = this.#messages.add(part);
    return message?.type === "fault" ? this.#fail(message) : message;
  }

  #acceptControl({ header, payload }: FramePart): ProtocolEvent {
    switch (header.opcode) {
      case Opcode.ping:
        this.#sendPong(payload);
        return { type: "ping", bytes: payload };
      case Opcode.pong:
        return { type: "pong", bytes: payload };
      default:
        return this.#acceptClose(payload);
    }
  }

  /** §5.5.1: "the endpoint typically echos the status code it received". */
  #acceptClose(payload: Uint8Array): ProtocolEvent {
    const close = decodeClose(payload);
    if (close.type === "fault") return this.#fail(close);
    this.#stopReading({ step: "close received", code: close.code, reason: close.reason });
    return close;
  }

  /** Ends abnormally: queues the close frame, stops reading, and returns the event. */
  #fail(fault: Fault): Fault {
    this.#stopReading({ step: "fault", code: fault.closeCode, reason: fault.sentence });
    return fault;
  }

  #stopReading(unanswered: Unanswered): void {
    this.#unanswered = unanswered;
    this.#reader = discard;
    this.#messages.release();
  }

  #move(step: Parameters<typeof nextState>[1]): void {
    this.#state = nextState(this.#state, step);
    if (this.#state !== "closed") return;
    this.#reader = discard;
    this.#messages.release();
  }

  /** §5.5.3: a pong carries "identical Application data". None follows our close frame (§5.5.1). */
  #sendPong(payload: Uint8Array): void {
    if (this.#state !== "open") return;
    if (this.#holdsPongs) this.#owedPong = payload.slice();
    else this.#output.control(Opcode.pong, payload);
  }

  #writeClose(code: number, reason: string): void {
    const payload = code === CloseCode.noStatus ? nothing : encodeClose(code, reason);
    this.#output.control(Opcode.close, payload);
  }
}

function maskKeys(random: Random): () => number {
  return () => {
    const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  };
}

function encodeClose(code: number, reason: string): Uint8Array {
  const payload = new Uint8Array(2 + maxReasonBytes);
  payload[0] = code >>> 8;
  payload[1] = code;
  // encodeInto stops before the first character that does not fit.
  const { written } = new TextEncoder().encodeInto(reason, payload.subarray(2));
  return payload.subarray(0, 2 + written);
}

function decodeClose(payload: Uint8Array): Extract<ProtocolEvent, { type: "close" }> | Fault {
  if (payload.length === 0) return { type: "close", code: CloseCode.noStatus, reason: "" };
  if (payload.length === 1) return faults.shortClose;
  const code = (payload[0]! << 8) | payload[1]!;
  if (!mayTravel(code)) return faults.invalidCloseCode;
  const reason = utf8Decode(payload.subarray(2));
  return reason === undefined ? faults.invalidCloseReason : { type: "close", code, reason };
}
