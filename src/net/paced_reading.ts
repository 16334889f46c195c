/**
 * Reading from a peer no faster than it may send.
 *
 * What has arrived is taken; what follows waits, in the system's buffers and then with the peer itself,
 * until the debt is paid. So a peer that sends too fast is slowed down and loses nothing. Only one whose
 * debt would take too long to pay is not worth waiting for.
 *
 * @module
 */

import type { Clock, Timer } from "../base/clock.ts";
import { guarded } from "./guard.ts";
import { type Rate, TokenBucket } from "../base/token_bucket.ts";

/** How fast a peer may send. */
export interface PaceLimits {
  /** Messages, and frames. */
  readonly messages: Rate;
  /** Bytes, after decompression. */
  readonly bytes: Rate;
}

/** The longest that reading is put off, milliseconds. A peer that is owed more patience is let go. */
export const maxPauseMs = 10_000;

/** What is read at most of a peer that its holder has stopped, to find the pong that is waited for. */
export const maxHeldBytes = 64 * 1024;

/** What {@link PacedReading} needs. */
export interface PacedReadingOptions {
  /** What is read from. */
  readonly stream: { pause(): unknown; resume(): unknown };
  /** The time, and timers. */
  readonly clock: Clock;
  /** No limits if not given. */
  readonly pace?: PaceLimits | undefined;
  /** Called whenever reading is put off. */
  readonly onThrottled?: (() => void) | undefined;
  /** Something of ours threw where nobody else would catch it; dropped if not given. */
  readonly onFault?: ((error: unknown) => void) | undefined;
}

/**
 * Decides whether a stream flows: it does when neither its holder nor the pace stops it. A pong that is
 * waited for is looked for in spite of the holder, in {@link maxHeldBytes} of what arrives.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { PacedReading } from "./paced_reading.ts";
 *
 * const calls: string[] = [];
 * const reading = new PacedReading({
 *   stream: { pause: () => calls.push("pause"), resume: () => calls.push("resume") },
 *   clock: {
 *     nowMs: () => 0,
 *     monotonicMs: () => 0,
 *     after: () => ({ cancel() {} }),
 *     every: () => ({ cancel() {} }),
 *   },
 *   pace: { messages: { perSecond: 1, burst: 2 }, bytes: { perSecond: 1000, burst: 1000 } },
 * });
 * reading.note(100, 3);
 * reading.resume();
 * deepEqual(calls, ["pause"], "the pace still holds it");
 * reading.release();
 * deepEqual(calls, ["pause", "resume"]);
 * ```
 */
export class PacedReading {
  readonly #options: PacedReadingOptions;
  readonly #buckets: { readonly messages: TokenBucket; readonly bytes: TokenBucket } | undefined;
  /** The holder has stopped it. */
  #held = false;
  /** What was read since then. */
  #heldBytes = 0;
  /** Somebody waits for a pong. */
  #expectsPong = false;
  /** The pace has, until this fires. */
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

  /** The holder wants no more. */
  pause(): void {
    this.#held = true;
    this.#heldBytes = 0;
    if (!this.#mayFlow) this.#options.stream.pause();
  }

  /** The holder wants more. */
  resume(): void {
    this.#held = false;
    if (this.#mayFlow) this.#options.stream.resume();
  }

  /** Somebody waits for the peer's pong, or does no more. */
  expectPong(isExpected: boolean): void {
    this.#expectsPong = isExpected;
    if (!this.#held) return;
    if (this.#mayFlow) this.#options.stream.resume();
    else this.#options.stream.pause();
  }

  /** So much has been read. False if the peer has sent so fast that nobody should wait for it. */
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

  /** Whatever held it counts no more: what comes now is only looked at for its end. */
  release(): void {
    this.#released = true;
    this.stop();
    this.resume();
  }

  /** Leaves no timer. */
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
