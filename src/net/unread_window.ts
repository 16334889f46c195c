/**
 * Limits how much is sent to a peer before it has shown that it reads.
 *
 * A socket accepts writes until the system's buffers are full, some megabytes for each peer, whether or
 * not the peer reads. So a ping with a random payload, a probe, is sent now and then behind the data: its
 * pong shows that everything before it was read. Data that was not shown to be read stays within a window,
 * which doubles with each answer as the congestion window of TCP does in slow start.
 *
 * @see RFC 6455 §5.5.2 "A Ping frame may serve either as a keepalive or as a means to verify that the
 * remote endpoint is still responsive."
 * @see RFC 5681 §3.1
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Random } from "../base/random.ts";
import type { PieceWatch } from "../websocket/output_queue.ts";

/**
 * The sizes of a window, and the source of its probes. Sizes that change hold from the next answer
 * on.
 */
export interface UnreadWindowOptions {
  /** The first size, bytes. A peer that answers no pings is sent as much at a time. */
  readonly initialBytes: number;
  /** The largest size, bytes. */
  readonly maxBytes: number;
  /** Makes probes unpredictable, so that only a peer that has read one can answer it. */
  readonly random: Random;
}

/** The bytes of a probe: short, as every peer gets them; too many to guess. */
const probeBytes = 4;

/** Counts the bytes that were sent and those that are known to have been read. */
export class UnreadWindow implements PieceWatch {
  readonly #options: UnreadWindowOptions;
  #windowBytes: number;
  /** Bytes of the whole connection, and those that are known to have been read. */
  #sentBytes = 0;
  #readBytes = 0;
  /** The limit of #sentBytes for a write to start; at most {@link UnreadWindowOptions.maxBytes} above it. */
  #limitBytes: number;
  #probe: Uint8Array | undefined = undefined;
  /** #sentBytes when the probe was sent. */
  #probedBytes = 0;

  constructor(options: UnreadWindowOptions) {
    const { initialBytes, maxBytes } = options;
    assert(0 < initialBytes && initialBytes <= maxBytes, "a window starts within its bounds");
    this.#options = options;
    this.#windowBytes = initialBytes;
    this.#limitBytes = initialBytes;
  }

  /** Whether no write may start until the peer has shown that it reads. */
  get isFull(): boolean {
    return this.#sentBytes >= this.#limitBytes;
  }

  /** The size of the window: how much is sent ahead of what the peer has shown to have read. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** The payload of the probe that is not answered, if there is one. While the window is full, there is. */
  get probe(): Uint8Array | undefined {
    return this.#probe;
  }

  /** Counts one write. Returns the payload of a ping that is to be sent right behind it, if any. */
  sent(bytes: number): Uint8Array | undefined {
    this.#sentBytes += bytes;
    if (!this.#isProbeDue()) return undefined;
    this.#probe = this.#options.random.bytes(probeBytes);
    this.#probedBytes = this.#sentBytes;
    return this.#probe;
  }

  /** Takes a pong. If it answers the probe, everything before that was read, and more may be sent. */
  answered(payload: Uint8Array): void {
    if (this.#probe === undefined || !isEqual(payload, this.#probe)) return;
    this.#limitBytes = Math.max(this.#limitBytes, this.#limitOnceAnswered());
    this.#windowBytes = this.#grownBytes();
    this.#readBytes = this.#probedBytes;
    this.#probe = undefined;
  }

  /**
   * So many bytes came from the peer, which may be sent as many. Its pong may wait behind much that it
   * sent before, while each of these messages has an answer.
   */
  heard(bytes: number): void {
    const mostBytes = this.#sentBytes + this.#options.maxBytes;
    this.#limitBytes = Math.min(this.#limitBytes + bytes, mostBytes);
  }

  /** Opens the window after it was full for long: some peers read and answer no pings. */
  release(): void {
    this.#limitBytes = Math.max(this.#limitBytes, this.#sentBytes + this.#options.initialBytes);
  }

  /** Half of the window is used, or the pending probe was sent too early for its answer to open it. */
  #isProbeDue(): boolean {
    return this.#probe === undefined
      ? this.#limitBytes - this.#sentBytes <= this.#windowBytes / 2
      : this.#sentBytes >= this.#limitOnceAnswered();
  }

  #limitOnceAnswered(): number {
    return this.#probedBytes + this.#grownBytes();
  }

  /** Doubles the window, or adds what was read where that is more, as after a long message. */
  #grownBytes(): number {
    const newlyReadBytes = this.#probedBytes - this.#readBytes;
    const moreBytes = Math.max(this.#windowBytes, newlyReadBytes);
    return Math.min(this.#windowBytes + moreBytes, this.#options.maxBytes);
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
