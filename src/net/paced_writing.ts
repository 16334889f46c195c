/**
 * Writing to a peer no faster than it reads.
 *
 * Output is collected and leaves by one rule: at the end of a turn what is queued goes out in one
 * write, 64 KiB of it if there is more, and there is at most one write under way. While a peer does not
 * read, what follows waits in the protocol, without being encoded or copied. The system takes far more
 * than a write before it says that nobody reads, so no write starts while the peer has yet to show that
 * it has read what it was sent.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Protocol } from "../websocket/protocol.ts";
import type { ByteStream } from "./byte_stream.ts";
import { guarded } from "./guard.ts";
import { UnreadWindow, type UnreadWindowOptions } from "./unread_window.ts";

/** How much may wait before something is done about it. */
export interface WaterMarks {
  /** Queued bytes above which the peer counts as a slow reader, whose pings go unanswered. */
  readonly highWaterBytes: number;
  /** Queued bytes at which it is told that there are few again. */
  readonly lowWaterBytes: number;
}

/**
 * How long a peer that does not answer a probe waits for more at least, milliseconds; twice as long at
 * most. Peers that were sent the same are so not sent more in one moment.
 */
export const unansweredMs = 1_000;

/** What {@link PacedWriting} needs. */
export interface PacedWritingOptions {
  /** Where the bytes go. */
  readonly socket: ByteStream;
  /** What is spoken on it. */
  readonly protocol: Protocol;
  /** The time, and timers. */
  readonly clock: Clock;
  /** How much may be queued. */
  readonly limits: WaterMarks;
  /** How much may be sent to a peer that does not show that it reads; as much as the system takes if not given. */
  readonly unread?: UnreadWindowOptions | undefined;
  /** Called whenever a peer is sent more though it has not answered. */
  readonly onUnanswered?: (() => void) | undefined;
}

/** Who is told. */
export interface PacedWritingEvents {
  /** `queuedBytes` is at the low mark or below, as {@link PacedWriting.requestDrained} asked. */
  drained(): void;
  /** Nothing more is sent before the peer's pong is heard, or that has come to its end. */
  stalled(isStalled: boolean): void;
  /** Something of ours threw where nobody else would catch it. The connection is good for nothing. */
  failed(error: unknown): void;
}

/**
 * The way from a protocol to its socket.
 *
 * @example
 * ```ts
 * import { duplexPair } from "node:stream";
 * import { equal } from "node:assert/strict";
 * import { Protocol } from "../websocket/protocol.ts";
 * import { PacedWriting } from "./paced_writing.ts";
 *
 * const [near, far] = duplexPair();
 * const protocol = new Protocol({ role: "server", maxMessageBytes: 1024 });
 * const writing = new PacedWriting({
 *   socket: near,
 *   protocol,
 *   clock: {
 *     nowMs: () => 0,
 *     monotonicMs: () => 0,
 *     after: () => ({ cancel() {} }),
 *     every: () => ({ cancel() {} }),
 *   },
 *   limits: { highWaterBytes: 65_536, lowWaterBytes: 16_384 },
 * }, { drained() {}, stalled() {}, failed() {} });
 * protocol.sendText("a");
 * writing.flushSoon();
 * protocol.sendText("b");
 * equal(writing.queuedBytes, 6);
 * const bytes = await new Promise<Uint8Array>((resolve) => far.once("data", resolve));
 * equal(bytes.length, 6);
 * ```
 */
export class PacedWriting {
  readonly #options: PacedWritingOptions;
  readonly #events: PacedWritingEvents;
  readonly #window: UnreadWindow | undefined;
  /** A flush waits for the end of this turn. */
  #flushQueued = false;
  /** The one write under way has not left the process. */
  #writing = false;
  /** Runs while nothing is sent because the window is full. */
  #stall: Timer | undefined = undefined;
  /** The peer reads too slowly. */
  #high = false;
  /** Somebody waits for `drained`, until no more than this is queued. */
  #drainedAtBytes: number | undefined = undefined;
  #stopped = false;
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
    // It is asked for with every message, and a stream takes long to answer.
    return protocol.pendingBytes + (this.#writing ? socket.writableLength : 0);
  }

  /** How much is sent ahead of what the peer has shown to have read; without a window, anything. */
  get windowBytes(): number {
    return this.#window?.windowBytes ?? Infinity;
  }

  /** Whether the system may still hold what was written, for a peer that does not read. */
  get isUnread(): boolean {
    return this.#options.socket.writableLength > 0 || this.#window?.probe !== undefined;
  }

  /** Writes what is queued at the end of this turn. */
  flushSoon(): void {
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    queueMicrotask(this.#guardedFlush);
  }

  /** Asks for one `drained`, at the end of a turn in which `queuedBytes` is so low; the low mark by default. */
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

  /** So many bytes came from the peer. */
  heard(bytes: number): void {
    this.#window?.heard(bytes);
  }

  /** A pong came from the peer. */
  heardPong(payload: Uint8Array): void {
    this.#window?.answered(payload);
    if (this.#stall !== undefined) this.flushSoon();
  }

  /** The socket is gone. Leaves no timer. */
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

  /** Starts the one write, or, when all has left and nothing more will come, ends our half. */
  #write(): void {
    const { protocol, socket } = this.#options;
    // A peer that is told to go is told at once; it is bounded by the deadline of closing.
    if (protocol.state === "open" && this.#window?.isFull) return this.#hold();
    this.#endHold();
    const output = protocol.takeOutput(this.#window);
    if (output !== undefined) {
      this.#writing = true;
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

  /** What was put off while the peer read too slowly goes on once little is queued. */
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
