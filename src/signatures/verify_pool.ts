/**
 * A pool of threads that verify signatures.
 *
 * @module
 */

import { assert } from "../base/assert.ts";
import { FairQueue, type Source } from "../base/fair_queue.ts";
import type { Log } from "../base/log.ts";
import type { NostrEvent } from "../nostr/event.ts";
import { type SignatureEngine, signatureHolds } from "../nostr/signature.ts";
import type { Verifier } from "../nostr/verifier.ts";
import { packChecks } from "./verify_batch.ts";
import type { StartThread, VerifyThread } from "./verify_thread.ts";

/** The most checks in a batch. Larger batches save nothing and delay their first check. */
const BATCH_CHECKS = 16;

/** Batches that a thread has at once: one in progress and one queued. */
const THREAD_BATCHES = 2;

/** A thread that died this often without an answer in between is not restarted. */
const MAX_DEATHS = 3;

/** How a pool is set up. */
export interface VerifyPoolOptions {
  readonly start: StartThread;
  /** How many threads, at least one. */
  readonly threads: number;
  /**
   * Fewer checks than this, at the end of a turn, are done here because that costs less than
   * sending them. Default 1.
   */
  readonly minBatch?: number;
  /** How many checks may wait for a thread. Further ones are done at once on the caller's thread. */
  readonly maxWaiting: number;
  /** For checks that no thread can do. */
  readonly engine: SignatureEngine;
  readonly log: Log;
}

/** An event whose signature is to be verified, and its caller. */
interface Check {
  readonly event: NostrEvent;
  readonly resolve: (holds: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** Checks that were sent together, and how many threads died with them. */
interface Batch {
  readonly checks: readonly Check[];
  deaths: number;
}

/** A slot for a thread, which outlives the thread. */
interface Slot {
  /** Undefined until there is something to do, and after a death. */
  thread: VerifyThread | undefined;
  /** What the thread has, oldest first. */
  readonly batches: Batch[];
  /** Deaths since the last answer. */
  deaths: number;
}

/**
 * Distributes signature checks to threads, in batches of what is waiting.
 *
 * A single check is sent at the end of the turn in which it came, or done here when that costs
 * less. Under load, batches fill while the threads are busy. When more than `maxWaiting` wait,
 * further checks run on the caller's thread: it receives less meanwhile, so the queue stays
 * bounded.
 *
 * A batch whose thread dies is retried once on another thread, and then done here. A dead thread is
 * replaced when there is work for it.
 */
export class VerifyPool implements Verifier {
  readonly #options: VerifyPoolOptions;
  readonly #minBatch: number;
  readonly #slots: readonly Slot[];
  /** Checks that wait for a thread, with fair turns between sources. */
  readonly #waiting = new FairQueue<Check>();
  /** Batches whose thread died; they go first. */
  readonly #retries: Batch[] = [];
  /** Whether a dispatch is scheduled for the end of this turn. */
  #scheduled = false;
  #closed = false;

  constructor(options: VerifyPoolOptions) {
    this.#options = options;
    this.#minBatch = options.minBatch ?? 1;
    this.#slots = Array.from(
      { length: options.threads },
      () => ({ thread: undefined, batches: [], deaths: 0 }),
    );
  }

  /** Checks that wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** @see Verifier */
  verify(event: NostrEvent, source?: Source): Promise<boolean> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#waiting.size >= this.#options.maxWaiting) {
      return Promise.resolve(signatureHolds(event, this.#options.engine));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject }, source);
      this.#schedule();
    });
  }

  /** Ends the threads and rejects unanswered checks. Idempotent. */
  close(): void {
    this.#closed = true;
    const lost = [...this.#slots.flatMap((slot) => slot.batches), ...this.#retries];
    for (const slot of this.#slots) {
      slot.thread?.end();
      slot.thread = undefined;
      slot.batches.length = 0;
    }
    const checks = [...lost.flatMap((batch) => batch.checks), ...this.#waiting.clear()];
    this.#retries.length = 0;
    for (const check of checks) check.reject(closedError());
  }

  /** Dispatches at the end of this turn, so that the events of one socket read share batches. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (!this.#closed) {
      const slot = this.#leastBusySlot();
      if (slot === "none left") return this.#checkAllHere();
      if (slot === undefined) return;
      const batch = this.#nextBatch();
      if (batch === undefined) return;
      if (batch.deaths === 0 && batch.checks.length < this.#minBatch) {
        this.#checkHere(batch.checks);
        continue;
      }
      slot.thread ??= this.#startThread(slot);
      slot.batches.push(batch);
      slot.thread.check(packChecks(batch.checks.map((check) => check.event)));
    }
  }

  /**
   * The slot with the fewest batches, if any has capacity; "none left" when every thread has been
   * given up.
   */
  #leastBusySlot(): Slot | undefined | "none left" {
    const usable = this.#slots.filter((slot) => slot.deaths < MAX_DEATHS);
    if (usable.length === 0) return "none left";
    const slot = usable.reduce((least, next) =>
      next.batches.length < least.batches.length ? next : least
    );
    return slot.batches.length < THREAD_BATCHES ? slot : undefined;
  }

  #nextBatch(): Batch | undefined {
    const retry = this.#retries.shift();
    if (retry !== undefined || this.#waiting.size === 0) return retry;
    // A few checks are spread over the idle threads.
    const idle = this.#slots.filter((slot) => slot.batches.length === 0).length;
    const share = Math.ceil(this.#waiting.size / Math.max(idle, 1));
    const size = Math.min(Math.max(share, this.#minBatch), BATCH_CHECKS);
    const checks: Check[] = [];
    while (checks.length < size && this.#waiting.size > 0) {
      checks.push(this.#waiting.shift()!);
    }
    return { checks, deaths: 0 };
  }

  #startThread(slot: Slot): VerifyThread {
    return this.#options.start({
      answered: (answers) => this.#answered(slot, answers),
      died: (reason) => this.#died(slot, reason),
    });
  }

  #answered(slot: Slot, answers: Uint8Array): void {
    slot.deaths = 0;
    const checks = slot.batches.shift()?.checks ?? [];
    assert(answers.length === checks.length, "a thread answers each check of a batch once");
    checks.forEach((check, index) => check.resolve(answers[index] === 1));
    this.#dispatch();
  }

  #died(slot: Slot, reason: string): void {
    if (this.#closed) return;
    slot.thread = undefined;
    slot.deaths++;
    const message = slot.deaths < MAX_DEATHS
      ? "signature thread died"
      : "signature thread given up";
    this.#options.log.error(message, { reason });
    for (const batch of slot.batches.splice(0)) {
      if (++batch.deaths < 2) this.#retries.push(batch);
      else this.#checkHere(batch.checks);
    }
    this.#dispatch();
  }

  /** Does all waiting checks on this thread, because every other one has been given up. */
  #checkAllHere(): void {
    for (const batch of this.#retries.splice(0)) this.#checkHere(batch.checks);
    this.#checkHere(this.#waiting.clear());
  }

  #checkHere(checks: readonly Check[]): void {
    for (const { event, resolve } of checks) resolve(signatureHolds(event, this.#options.engine));
  }
}

function closedError(): Error {
  return new Error("the verifier is closed");
}
