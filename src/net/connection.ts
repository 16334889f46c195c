/**
 * Runs a WebSocket protocol on a socket.
 *
 * It decides nothing about the protocol: it passes on what arrives and keeps the deadline of the closing
 * handshake. `PacedReading` and `PacedWriting` decide how fast bytes move.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { SharedBytes } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { describeError } from "../base/error_text.ts";
import type { Place } from "../base/fair_queue.ts";
import type { Log } from "../base/log.ts";
import { CloseCode } from "../websocket/close_code.ts";
import type { Message } from "../websocket/message_assembler.ts";
import type { Protocol } from "../websocket/protocol.ts";
import type { ByteStream, StreamError } from "./byte_stream.ts";
import { abnormalEnding, type Ending } from "./ending.ts";
import { guarded } from "./guard.ts";
import { PacedReading, type PacedReadingOptions } from "./paced_reading.ts";
import { PacedWriting, type PacedWritingOptions, type WaterMarks } from "./paced_writing.ts";
import { type PeerEnd, takeSlice } from "./slice.ts";
import { processTurns, type Turns } from "./turns.ts";

/** What a connection reports to its holder. */
export interface ConnectionEvents {
  /** The messages that one read delivered, in order. */
  messages(batch: readonly Message[]): void;
  /** `queuedBytes` is as low as {@link Connection.requestDrained} asked. */
  drained(): void;
  /** The connection has ended and its socket is closed. Called exactly once, as the last one. */
  closed(ending: Ending): void;
}

/** The durations and sizes of one connection. */
export interface ConnectionLimits extends WaterMarks {
  /** How long closing may take before the socket is destroyed, milliseconds. */
  readonly closeTimeoutMs: number;
}

/** The size of a REQ, or of an event without much text. */
const TRIFLE_BYTES = 1024;

/**
 * The client that all charged peers are together, with their clients in turns. Each of a thousand that publish
 * what is refused has an address of its own at times.
 */
const CHARGED = {};

const noop = (): void => {};

/** What a {@link Connection} needs. */
export interface ConnectionOptions
  extends
    Pick<PacedReadingOptions, "pace" | "onThrottled">,
    Pick<PacedWritingOptions, "unread" | "onUnanswered"> {
  /** A socket after its handshake that nothing else reads from. The connection closes it. */
  readonly socket: ByteStream;
  /** Bytes that were read behind the handshake. */
  readonly head?: Uint8Array;
  /** The protocol to run. */
  readonly protocol: Protocol;
  /** The peer's address, for logs. */
  readonly address: string;
  /** The time, and timers. */
  readonly clock: Clock;
  /** Logs faults. */
  readonly log: Log;
  /** The limits of the connection. */
  readonly limits: ConnectionLimits;
  /** What the peer's connections share their turns by, such as its network. Default: it has its own turns. */
  readonly client?: string | undefined;
  /** Shared by the connections of a process; the default is. */
  readonly turns?: Turns | undefined;
  /** How long closing may take for a peer that is shed; `closeTimeoutMs` if not given. */
  readonly shedTimeoutMs?: number;
}

/**
 * One WebSocket connection over any duplex stream: TCP, TLS, a Unix socket, a pipe.
 *
 * @example
 * ```ts
 * import { duplexPair } from "node:stream";
 * import { equal } from "node:assert/strict";
 * import { silentLog } from "../base/log.ts";
 * import { Protocol } from "../websocket/protocol.ts";
 * import { Connection } from "./connection.ts";
 *
 * const clock = {
 *   nowMs: () => 0,
 *   monotonicMs: () => 0,
 *   after: () => ({ cancel() {} }),
 *   every: () => ({ cancel() {} }),
 * };
 * const limits = { closeTimeoutMs: 1000, highWaterBytes: 65_536, lowWaterBytes: 16_384 };
 * const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
 * const [left, right] = duplexPair();
 * const options = { address: "example", clock, log: silentLog, limits };
 * const client = new Connection({
 *   ...options,
 *   socket: left,
 *   protocol: new Protocol({ role: "client", maxMessageBytes: 1024, random }),
 * });
 * const server = new Connection({
 *   ...options,
 *   socket: right,
 *   protocol: new Protocol({ role: "server", maxMessageBytes: 1024 }),
 * });
 *
 * const heard = Promise.withResolvers<string>();
 * server.start({
 *   messages: ([first]) => heard.resolve(first?.type === "text" ? first.text : ""),
 *   drained() {},
 *   closed() {},
 * });
 * client.start({ messages() {}, drained() {}, closed() {} });
 * client.send("hello");
 * equal(await heard.promise, "hello");
 * client.close(1000, "done");
 * ```
 */
export class Connection {
  /** The peer's IP address, or `unix`. */
  readonly address: string;
  readonly #socket: ByteStream;
  readonly #protocol: Protocol;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: ConnectionLimits;
  readonly #shedTimeoutMs: number;
  /** Bytes that were read behind the handshake, until {@link start}. */
  #head: Uint8Array | undefined;
  readonly #reading: PacedReading;
  readonly #writing: PacedWriting;
  /** The holder; none before {@link start}. */
  #events: ConnectionEvents | undefined = undefined;
  #lastHeardMs: number;
  readonly #turns: Turns;
  readonly #client: string | undefined;
  readonly #guardedTurn: () => void;
  /** The peer is read from, as far as {@link PacedReading} is concerned. */
  #flows = true;
  /** Data that was read waits for a turn. */
  #isBehind = false;
  /** Answers the peer's close frame, once the messages before it were processed. */
  #endDue: () => void = noop;
  /** The socket has been asked for its bytes. */
  #reads = false;
  /** How the connection ends, as far as that is known yet. */
  #ending: Ending | undefined = undefined;
  /** Runs from the start of the closing handshake until the socket is closed. */
  #deadline: Timer | undefined = undefined;
  #gone = false;

  /** Takes over a socket after its handshake; reads nothing before {@link start}. */
  constructor(options: ConnectionOptions) {
    this.address = options.address;
    this.#socket = options.socket;
    this.#protocol = options.protocol;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#limits = options.limits;
    this.#shedTimeoutMs = options.shedTimeoutMs ?? options.limits.closeTimeoutMs;
    this.#head = options.head;
    this.#turns = options.turns ?? processTurns;
    this.#client = options.client;
    this.#guardedTurn = guarded(this.#takeTurn, this.#onFault);
    // What these keep, each connection keeps.
    const { socket, protocol, clock, limits, pace, onThrottled, unread, onUnanswered } = options;
    const onFault = this.#onFault;
    const stream = { pause: () => this.#setFlow(false), resume: () => this.#setFlow(true) };
    const reading = new PacedReading({ stream, clock, pace, onThrottled, onFault });
    this.#reading = reading;
    this.#writing = new PacedWriting({ socket, protocol, clock, limits, unread, onUnanswered }, {
      drained: () => this.#tell((events) => events.drained()),
      stalled: (isStalled) => reading.expectPong(isStalled),
      failed: onFault,
    });
    this.#lastHeardMs = options.clock.monotonicMs();
    this.#socket.on("end", guarded(this.#onEof, onFault));
    this.#socket.on("error", this.#onError);
    this.#socket.on("close", guarded(this.#onGone, onFault));
  }

  /** When the last bytes were received, on the monotonic clock, milliseconds. */
  get lastHeardMs(): number {
    return this.#lastHeardMs;
  }

  /** Bytes from the peer, deflated or not. */
  get receivedBytes(): number {
    return this.#writing.heardBytes;
  }

  /** Bytes written for the peer. */
  get sentBytes(): number {
    return this.#writing.sentBytes;
  }

  /** Bytes that were queued and have not left the process yet. */
  get queuedBytes(): number {
    return this.#writing.queuedBytes;
  }

  /** The size of the unread window, see `unread_window.ts`. Grows as the peer reads. */
  get windowBytes(): number {
    return this.#writing.windowBytes;
  }

  /** Starts reading. Called once. */
  start(events: ConnectionEvents): void {
    assert(this.#events === undefined, "a connection is started once");
    this.#events = events;
    if (this.#gone) return queueMicrotask(() => this.#tellClosed());
    if (this.#head !== undefined && this.#head.length > 0) this.#onData(this.#head);
    this.#head = undefined;
    this.#listen();
    this.#reading.resume();
  }

  /** Queues one text message. Everything queued in one turn of the event loop leaves in one write. */
  send(text: string): void {
    this.#protocol.sendText(text);
    this.#writing.flushSoon();
  }

  /** Queues one text message made of `head`, the shared `body`, and `tail`. */
  sendShared(head: Uint8Array, body: SharedBytes, tail: Uint8Array): void {
    this.#protocol.sendShared(head, body, tail);
    this.#writing.flushSoon();
  }

  /** Queues one binary message. */
  sendBinary(bytes: Uint8Array): void {
    this.#protocol.sendBinary(bytes);
    this.#writing.flushSoon();
  }

  /** Asks for one `drained`, at the end of a turn in which `queuedBytes` is at most this; default: the low mark. */
  requestDrained(mostBytes?: number): void {
    this.#writing.requestDrained(mostBytes);
  }

  /**
   * Charges the peer's message rate with so many messages more, for work that it caused. It is read from
   * more slowly, and not disconnected.
   */
  charge(messages: number): void {
    if (this.#ending === undefined && !this.#gone) this.#reading.charge(messages);
  }

  /** Queues a ping frame. */
  ping(): void {
    this.#writing.ping();
  }

  /**
   * Stops reading, so that the peer's own writes will stall; some messages may still come, where more
   * can only be sent once the peer's pong is heard. Without effect while closing.
   */
  pause(): void {
    if (this.#deadline === undefined) this.#reading.pause();
  }

  /** Ends {@link pause}. */
  resume(): void {
    if (this.#events !== undefined) this.#reading.resume();
  }

  /**
   * Sends a close frame behind all that is queued and waits for the peer's, as long as
   * `closeTimeoutMs` allows. Messages that still come are dropped. Closing twice does nothing.
   */
  close(code: number, reason: string): void {
    if (this.#ending !== undefined || this.#gone) return;
    this.#ending = { cause: "local", code, reason, clean: false };
    this.#protocol.sendClose(code, reason);
    this.#beginEnd();
  }

  /**
   * Closes a peer that does not read. What is queued for it would only keep its close frame from it
   * and take memory, so it is dropped, except for the write under way.
   */
  shed(code: number, reason: string): void {
    if (this.#ending !== undefined || this.#gone) return;
    this.#protocol.dropOutput();
    this.#setDeadline(this.#shedTimeoutMs);
    this.close(code, reason);
  }

  /** Destroys the socket at once, with everything queued. */
  terminate(): void {
    if (this.#gone) return;
    this.#ending ??= abnormalEnding("terminated", "");
    this.#destroy();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#lastHeardMs = this.#clock.monotonicMs();
    // Streams deliver a Buffer, whose slice() shares memory where that of Uint8Array copies.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#writing.heard(bytes.length);
    this.#protocol.feed(bytes);
    this.#spend(bytes.length, 0);
    // The rest of earlier reads comes first, in another turn.
    if (this.#isBehind) return;
    const { isOpen, isOpenForTrifles } = this.#turns;
    if (isOpen || (isOpenForTrifles && this.#isTrifle(bytes))) return this.#takeTurn();
    this.#isBehind = true;
    this.#socket.pause();
    this.#goOn();
  };

  /**
   * A few bytes do not wait behind connections that send much, unless the peer was charged. They may be forty
   * messages, so that of many such connections some wait.
   */
  #isTrifle({ length }: Uint8Array): boolean {
    return length <= TRIFLE_BYTES && !this.#protocol.mayInflate && !this.#reading.isCharged;
  }

  /**
   * Handles a slice of what was read. The rest waits, and with it the socket, until every other
   * connection that has something left had a turn too.
   */
  readonly #takeTurn = (): void => {
    const { frames, inflatedBytes } = this.#protocol;
    this.#isBehind = this.#handleSlice();
    this.#spend(this.#protocol.inflatedBytes - inflatedBytes, this.#protocol.frames - frames);
    if (this.#protocol.pendingBytes > 0) this.#writing.flushSoon();
    if (this.#isBehind) this.#socket.pause();
    this.#goOn();
  };

  /** Requests the next turn, or continues reading. */
  #goOn(): void {
    if (!this.#flows || this.#gone) return;
    if (this.#isBehind) this.#turns.add(this.#guardedTurn, this.#place);
    else if (this.#reads) this.#socket.resume();
  }

  /** Whose turns it takes now. */
  get #place(): Place {
    const client = this.#client ?? this;
    return this.#reading.isCharged
      ? { client: CHARGED, connection: client }
      : { client, connection: this };
  }

  #setFlow(flows: boolean): void {
    this.#flows = flows;
    if (flows) return this.#goOn();
    this.#turns.delete(this.#guardedTurn);
    this.#socket.pause();
  }

  /** Passes on the messages of a slice in one batch. Returns whether there is more. */
  #handleSlice(): boolean {
    const onPong = (bytes: Uint8Array) => this.#writing.heardPong(bytes);
    const slice = takeSlice(this.#protocol, this.#reading.isCharged, onPong);
    const { messages, end } = slice;
    if (slice.bytes > 0) this.#turns.spend(slice.bytes);
    if (messages.length > 0 && this.#ending === undefined) {
      this.#tell((events) => events.messages(messages));
    }
    if (end !== undefined) this.#meetEnd(end, messages.length > 0);
    return slice.isCut;
  }

  /** Counts what was received for the rates of the peer. */
  #spend(bytes: number, messages: number): void {
    const isPatient = this.#reading.note(bytes, messages);
    if (!isPatient) this.close(CloseCode.policyViolation, "too many messages");
  }

  /** Ends reading at a close frame or fault. Messages before it are processed first, if that is quick. */
  #meetEnd(event: PeerEnd, afterMessages: boolean): void {
    const meet = () => {
      this.#turns.delete(this.#endDue);
      this.#endDue = noop;
      this.#protocol.finish();
      this.#noteEnd(event);
      if (!this.#gone) this.#beginEnd();
    };
    if (!afterMessages) return meet();
    this.#endDue = guarded(meet, this.#onFault);
    this.#turns.add(this.#endDue, this.#place);
  }

  #noteEnd(event: PeerEnd): void {
    if (event.type === "fault") {
      this.#ending = { cause: "fault", code: event.closeCode, reason: event.name, clean: false };
    } else if (this.#ending?.cause === "local") {
      this.#ending = { ...this.#ending, clean: true };
    } else {
      this.#ending = { cause: "peer", code: event.code, reason: event.reason, clean: true };
    }
  }

  /** Continues reading to find the peer's close frame, with a deadline. */
  #beginEnd(): void {
    this.#setDeadline(this.#limits.closeTimeoutMs);
    this.#reading.release();
    this.#listen();
    this.#writing.flushSoon();
  }

  /** Starts to receive data. */
  #listen(): void {
    if (!this.#reads) this.#socket.on("data", guarded(this.#onData, this.#onFault));
    this.#reads = true;
  }

  #setDeadline(timeoutMs: number): void {
    this.#deadline ??= this.#clock.after(timeoutMs, guarded(this.#onDeadline, this.#onFault));
  }

  readonly #onDeadline = (): void => {
    if (this.#ending?.cause === "local" && !this.#ending.clean) {
      this.#ending = abnormalEnding("timeout", this.#ending.reason);
    }
    this.#destroy();
  };

  /** The peer has half-closed the connection. */
  readonly #onEof = (): void => {
    this.#endDue();
    this.#ending ??= abnormalEnding("eof", "");
    this.#protocol.receiveEof();
    this.#beginEnd();
  };

  readonly #onError = (error: StreamError): void => {
    this.#ending ??= abnormalEnding("reset", error.code ?? error.message);
  };

  readonly #onGone = (): void => {
    this.#endDue();
    this.#gone = true;
    this.#turns.delete(this.#guardedTurn);
    this.#reading.stop();
    this.#writing.stop();
    this.#deadline?.cancel();
    this.#protocol.receiveEof();
    this.#tellClosed();
  };

  #tellClosed(): void {
    this.#tell((events) => events.closed(this.#ending ?? abnormalEnding("reset", "")));
  }

  /**
   * Output that nobody reads would stay with the system for minutes after an orderly close, so a stuck
   * connection is reset. Only TCP knows how; others are closed.
   */
  #destroy(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    try {
      if (this.#writing.isUnread && socket.resetAndDestroy !== undefined) socket.resetAndDestroy();
      else socket.destroy();
    } catch {
      socket.destroy();
    }
  }

  /** An error was thrown in a callback of the runtime: ends this connection and no other. */
  readonly #onFault = (error: unknown): void => {
    this.#ending ??= abnormalEnding("terminated", "internal error");
    this.#socket.destroy();
    this.#log.error("connection failed", { address: this.address, error: describeError(error) });
  };

  /** Calls the holder; an error that it throws ends this connection and no other. */
  #tell(what: (events: ConnectionEvents) => void): void {
    if (this.#events === undefined) return;
    try {
      what(this.#events);
    } catch (error) {
      const described = describeError(error);
      this.#log.error("connection handler failed", { address: this.address, error: described });
      this.close(CloseCode.internalError, "internal error");
    }
  }
}
