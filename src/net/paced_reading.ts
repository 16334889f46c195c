/**
 * Limits the rate at which a peer is read from, by TCP flow control.
 *
 * What has been read is processed; reading then pauses until the token buckets have refilled. Meanwhile
 * data waits in the system's buffers and at the peer, which is slowed down and loses nothing. A peer for
 * which the pause would be too long is disconnected.
 *
 * @module
 */

import type { Clock, Timer } from "../base/clock.ts";
import { guarded } from "./guard.ts";
import { type Rate, TokenBucket } from "../base/token_bucket.ts";

/** The rates of one peer. They are read at each use, so they may change. */
export interface PaceLimits {
  /** Messages, and frames. */
  readonly messages: Rate;
  /** Bytes, after decompression. */
  readonly bytes: Rate;
}

/** The longest pause, milliseconds. A peer that would need a longer one is disconnected. */
const maxPauseMs = 10_000;

/** The most bytes that are read while the holder has paused, to find the pong that is waited for. */
export const maxHeldBytes = 64 * 1024;

/** What {@link PacedReading} needs. */
export interface PacedReadingOptions {
  /** The stream that is read from. */
  readonly stream: { pause(): unknown; resume(): unknown };
  /** The time, and timers. */
  readonly clock: Clock;
  /** No limits if not given. */
  readonly pace?: PaceLimits | undefined;
  /** Called whenever reading pauses for a rate. */
  readonly onThrottled?: (() => void) | undefined;
  /** Called with an error thrown in a timer; dropped if not given. */
  readonly onFault?: ((error: unknown) => void) | undefined;
}

/**
 * Pauses and resumes a stream: it flows unless its holder or a rate pauses it. While a pong is waited for,
 * {@link maxHeldBytes} are read although the holder has paused it.
 */
export class PacedReading {
  readonly #options: PacedReadingOptions;
  readonly #buckets: { readonly messages: TokenBucket; readonly bytes: TokenBucket } | undefined;
  /** The holder has paused it. */
  #held = false;
  /** Bytes read since then. */
  #heldBytes = 0;
  /** A pong is waited for. */
  #expectsPong = false;
  /** The peer was charged, and has not been quiet since. */
  #isCharged = false;
  /** A rate has paused it until this fires. */
  #timer: Timer | undefined = undefined;
  #released = false;

  constructor(options: PacedReadingOptions) {
    const { clock, pace } = options;
    const nowMs = clock.monotonicMs();
    this.#options = options;
    this.#buckets = pace === undefined ? undefined : {
      messages: new TokenBucket(pace.messages, nowMs),
      bytes: new TokenBucket(pace.bytes, nowMs),
    };
  }

  /** Pauses it for the holder. */
  pause(): void {
    this.#held = true;
    this.#heldBytes = 0;
    if (!this.#mayFlow) this.#options.stream.pause();
  }

  /** Ends the holder's pause. */
  resume(): void {
    this.#held = false;
    if (this.#mayFlow) this.#options.stream.resume();
  }

  /** Sets whether a pong is waited for. */
  expectPong(isExpected: boolean): void {
    this.#expectsPong = isExpected;
    if (!this.#held) return;
    if (this.#mayFlow) this.#options.stream.resume();
    else this.#options.stream.pause();
  }

  /** Counts what has been read. False if the peer has sent so fast that it is to be disconnected. */
  note(bytes: number, messages: number): boolean {
    if (this.#held) this.#noteHeld(bytes);
    if (this.#buckets === undefined || this.#released) return true;
    const nowMs = this.#options.clock.monotonicMs();
    const waitMs = Math.max(
      this.#buckets.bytes.spend(bytes, nowMs),
      this.#buckets.messages.spend(messages, nowMs),
    );
    if (waitMs > maxPauseMs) return false;
    if (waitMs > 0) this.#putOff(waitMs);
    return true;
  }

  /**
   * Counts work that the peer caused as messages. It is slowed down by it and never disconnected: what
   * one batch of its messages is charged comes all at once.
   */
  charge(messages: number): void {
    if (this.#buckets === undefined || this.#released) return;
    this.#isCharged = true;
    const nowMs = this.#options.clock.monotonicMs();
    const waitMs = this.#buckets.messages.spendWithin(messages, maxPauseMs / 2, nowMs);
    if (waitMs > 0) this.#putOff(waitMs);
  }

  /**
   * Whether the peer was charged lately, so that its messages are to be taken one at a time: each may be
   * charged for, and what a whole batch is charged has a bound. Ends when half of the burst has come back.
   */
  get isCharged(): boolean {
    const { messages } = this.#buckets ?? {};
    if (!this.#isCharged || messages === undefined) return false;
    const half = this.#options.pace!.messages.burst / 2;
    this.#isCharged = !messages.has(half, this.#options.clock.monotonicMs());
    return this.#isCharged;
  }

  /** Ends all pauses: the rest of the stream is only read for its end. */
  release(): void {
    this.#released = true;
    this.stop();
    this.resume();
  }

  /** Cancels the timer. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  get #mayFlow(): boolean {
    const isHeld = this.#held && !(this.#expectsPong && this.#heldBytes < maxHeldBytes);
    return this.#timer === undefined && !isHeld;
  }

  #noteHeld(bytes: number): void {
    this.#heldBytes += bytes;
    if (!this.#mayFlow) this.#options.stream.pause();
  }

  #putOff(waitMs: number): void {
    const { clock, stream, onThrottled } = this.#options;
    onThrottled?.();
    stream.pause();
    this.#timer?.cancel();
    const onTime = guarded(() => {
      this.#timer = undefined;
      if (this.#mayFlow) stream.resume();
    }, (error) => this.#options.onFault?.(error));
    this.#timer = clock.after(waitMs, onTime);
  }
}
