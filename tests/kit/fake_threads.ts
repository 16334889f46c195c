/**
 * Verification threads that answer and die when a test says so.
 *
 * @module
 */

import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import { verifyPacked } from "../../src/signatures/verify_batch.ts";
import type { StartThread, VerifyThreadEvents } from "../../src/signatures/verify_thread.ts";

/** A thread controlled by a test. */
export class FakeThread {
  /** Unanswered batches, oldest first. */
  readonly batches: Uint8Array[] = [];
  ended = false;
  readonly #events: VerifyThreadEvents;

  constructor(events: VerifyThreadEvents) {
    this.#events = events;
  }

  /** Answers the oldest batch. */
  answer(): void {
    const batch = this.batches.shift();
    if (batch !== undefined) this.#events.answered(verifyPacked(batch, nobleEngine));
  }

  /** Dies with all its batches. */
  die(): void {
    this.#events.died("a test said so");
  }
}

/** Starts threads and keeps them. */
export class FakeThreads {
  /** All threads ever started, oldest first. */
  readonly started: FakeThread[] = [];

  readonly start: StartThread = (events) => {
    const thread = new FakeThread(events);
    this.started.push(thread);
    return {
      check: (packed) => void thread.batches.push(packed),
      end: () => void (thread.ended = true),
    };
  };
}
