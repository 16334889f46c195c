/**
 * Writes the output of a protocol to its socket, no faster than the peer reads.
 *
 * At the end of a turn everything queued, up to 64 KiB, leaves in one write, and at most one write is
 * pending. While a peer does not read, messages wait in the protocol without being encoded or copied. The
 * system accepts megabytes before a write blocks, so no write starts while the unread window is full (see
 * `unread_window.ts`).
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Protocol } from "../websocket/protocol.ts";
import type { ByteStream } from "./byte_stream.ts";
import { guarded } from "./guard.ts";
import { UnreadWindow, type UnreadWindowOptions } from "./unread_window.ts";

/** The marks of the queue. */
export interface WaterMarks {
  /** Queued bytes above which the peer counts as a slow reader; its pings are not answered then. */
  readonly highWaterBytes: number;
  /** Queued bytes at which `drained` is called. */
  readonly lowWaterBytes: number;
}

/**
 * The shortest wait before a peer that does not answer a probe is sent more, milliseconds; the longest is
 * twice that. The wait is random, so that peers that were sent the same are not sent more all at once.
 */
export const unansweredMs = 1_000;

/** What {@link PacedWriting} needs. */
export interface PacedWritingOptions {
  /** The socket that is written to. */
  readonly socket: ByteStream;
  /** The protocol whose output is written. */
  readonly protocol: Protocol;
  /** The time, and timers. */
  readonly clock: Clock;
  /** The marks of the queue. */
  readonly limits: WaterMarks;
  /** The window of unread data; without limit if not given. */
  readonly unread?: UnreadWindowOptions | undefined;
  /** Called whenever a peer is sent more although it has not answered the probe. */
  readonly onUnanswered?: (() => void) | undefined;
}

interface PacedWritingEvents {
  /** `queuedBytes` is at the low mark or below, as {@link PacedWriting.requestDrained} asked. */
  drained(): void;
  /** Whether nothing more is sent before the peer's pong arrives. */
  stalled(isStalled: boolean): void;
  /** An error was thrown in a callback. The connection cannot be used any more. */
  failed(error: unknown): void;
}

/** Writes the output of one protocol to one socket. */
export class PacedWriting {
  readonly #options: PacedWritingOptions;
  readonly #events: PacedWritingEvents;
  readonly #window: UnreadWindow | undefined;
  /** A flush is due at the end of this turn. */
  #flushQueued = false;
  /** The pending write has not left the process. */
  #writing = false;
  /** Runs while nothing is sent because the window is full. */
  #stall: Timer | undefined = undefined;
  /** The peer reads too slowly. */
  #high = false;
  /** `drained` was asked for, at this many queued bytes. */
  #drainedAtBytes: number | undefined = undefined;
  #stopped = false;
  #sentBytes = 0;
  #heardBytes = 0;
  readonly #guardedFlush: () => void;
  readonly #guardedOnWritten: () => void;

  constructor(options: PacedWritingOptions, events: PacedWritingEvents) {
    const { limits: { highWaterBytes, lowWaterBytes }, unread } = options;
    assert(lowWaterBytes <= highWaterBytes, "the low mark is not above the high one");
    this.#options = options;
    this.#events = events;
    const onFault = (error: unknown) => events.failed(error);
    this.#guardedFlush = guarded(this.#flush, onFault);
    this.#guardedOnWritten = guarded(this.#onWritten, onFault);
    this.#window = unread === undefined ? undefined : new UnreadWindow(unread);
  }

  /** Bytes that were queued and have not left the process yet. */
  get queuedBytes(): number {
    if (this.#stopped) return 0;
    const { protocol, socket } = this.#options;
    // Read with every message, and a stream takes long to compute it.
    return protocol.pendingBytes + (this.#writing ? socket.writableLength : 0);
  }

  /** Bytes received from the peer, as {@link heard} was told. */
  get heardBytes(): number {
    return this.#heardBytes;
  }

  /** Bytes that were written to the socket. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** The size of the unread window; infinite without one. */
  get windowBytes(): number {
    return this.#window?.windowBytes ?? Infinity;
  }

  /** Whether data that was written may still be in the system's buffers because the peer does not read. */
  get isUnread(): boolean {
    return this.#options.socket.writableLength > 0 || this.#window?.probe !== undefined;
  }

  /** Writes what is queued at the end of this turn. */
  flushSoon(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    queueMicrotask(this.#guardedFlush);
  }

  /** Asks for one `drained`, at the end of a turn in which `queuedBytes` is at most this; default: the low mark. */
  requestDrained(mostBytes: number = this.#options.limits.lowWaterBytes): void {
    this.#drainedAtBytes = mostBytes;
    this.flushSoon();
  }

  /**
   * Queues a ping. It repeats the probe that is under way: a peer may answer the latest ping alone
   * (RFC 6455 §5.5.3).
   */
  ping(): void {
    this.#options.protocol.sendPing(this.#window?.probe);
    this.flushSoon();
  }

  /** Counts bytes received from the peer. */
  heard(bytes: number): void {
    this.#heardBytes += bytes;
    this.#window?.heard(bytes);
  }

  /** Takes a pong of the peer. */
  heardPong(payload: Uint8Array): void {
    this.#window?.answered(payload);
    if (this.#stall !== undefined) this.flushSoon();
  }

  /** Cancels the timers; the socket is closed. */
  stop(): void {
    this.#stopped = true;
    this.#stall?.cancel();
  }

  get #isOver(): boolean {
    return this.#stopped || this.#options.socket.destroyed;
  }

  readonly #flush = (): void => {
    this.#flushQueued = false;
    if (this.#isOver) return;
    if (!this.#writing) this.#write();
    if (!this.#high && this.queuedBytes > this.#options.limits.highWaterBytes) {
      this.#high = true;
      this.#options.protocol.holdPongs();
    }
    this.#tellDrained();
  };

  /** Starts a write, or half-closes the socket when everything has left and nothing follows. */
  #write(): void {
    const { protocol, socket } = this.#options;
    // A close frame does not wait for the window: the deadline of closing bounds it.
    if (protocol.state === "open" && this.#window?.isFull) return this.#hold();
    this.#endHold();
    const output = protocol.takeOutput(this.#window);
    if (output !== undefined) {
      this.#writing = true;
      this.#sentBytes += output.length;
      socket.write(output, this.#guardedOnWritten);
    } else if (protocol.state === "closed") {
      socket.end();
    }
  }

  readonly #onWritten = (): void => {
    this.#writing = false;
    this.#options.protocol.recycleOutput(this.#window?.isFull);
    if (this.#isOver) return;
    this.#write();
    this.#tellDrained();
  };

  #hold(): void {
    const { protocol, clock } = this.#options;
    if (this.#stall !== undefined || protocol.pendingBytes === 0) return;
    const share = (this.#window?.probe?.[0] ?? 0) / 255;
    const onTime = guarded(() => this.#release(), (error) => this.#events.failed(error));
    this.#stall = clock.after(unansweredMs * (1 + share), onTime);
    this.#events.stalled(true);
  }

  #endHold(): void {
    if (this.#stall === undefined) return;
    this.#stall.cancel();
    this.#stall = undefined;
    this.#events.stalled(false);
  }

  #release(): void {
    this.#window?.release();
    this.#options.onUnanswered?.();
    this.#flush();
  }

  /** Resumes what was put off while the peer read too slowly, once little is queued. */
  #tellDrained(): void {
    if (!this.#high && this.#drainedAtBytes === undefined) return;
    const { protocol, limits } = this.#options;
    const { queuedBytes } = this;
    if (this.#high && queuedBytes <= limits.lowWaterBytes) {
      this.#high = false;
      protocol.releasePongs();
      if (protocol.pendingBytes > 0) this.flushSoon();
    }
    if (this.#drainedAtBytes === undefined || queuedBytes > this.#drainedAtBytes) return;
    this.#drainedAtBytes = undefined;
    this.#events.drained();
  }
}
