/**
 * Signature checks on other cores.
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

/** The most checks of one batch. More per batch save nothing and make the first one wait. */
const BATCH_CHECKS = 16;

/** Batches that a thread has at once: one to work on and one to go on with. */
const THREAD_BATCHES = 2;

/** A thread that died this often without an answer in between is not started again. */
const MAX_DEATHS = 3;

/** What a pool is made of. */
export interface VerifyPoolOptions {
  readonly start: StartThread;
  /** How many threads, at least one. */
  readonly threads: number;
  /** Fewer checks than this, at the end of a turn, cost less here than sending them. Default 1. */
  readonly minBatch?: number;
  /** How many checks may wait for a thread. What comes on top is checked at once by the caller. */
  readonly maxWaiting: number;
  /** For checks that no thread can do. */
  readonly engine: SignatureEngine;
  readonly log: Log;
}

/** An event whose signature is in question, and who asked. */
interface Check {
  readonly event: NostrEvent;
  readonly resolve: (holds: boolean) => void;
  readonly reject: (error: Error) => void;
}

/** Checks that crossed together, and how many threads they have seen die. */
interface Batch {
  readonly checks: readonly Check[];
  deaths: number;
}

/** The place of a thread, which outlives the thread. */
interface Place {
  /** Undefined until there is something to do, and after a death. */
  thread: VerifyThread | undefined;
  /** What the thread has, oldest first. */
  readonly batches: Batch[];
  /** Deaths since the last answer. */
  deaths: number;
}

/**
 * Gives signature checks to threads, in batches of whatever waits.
 *
 * A lone check leaves at the end of the turn in which it came, or is done here when that is cheaper;
 * under load, batches fill while the threads are busy. When more than `maxWaiting` wait, the caller's
 * own thread does the check: it takes in less while it does, so the queue stays bounded and the checks
 * still get done.
 *
 * A batch whose thread dies is given to another one, once; the second time it is checked here. A
 * thread is replaced when there is work for it.
 */
export class VerifyPool implements Verifier {
  readonly #options: VerifyPoolOptions;
  readonly #minBatch: number;
  readonly #places: readonly Place[];
  /** Checks that wait for a thread, in turns of those who asked. */
  readonly #waiting = new FairQueue<Check>();
  /** Batches that lost their thread and go first. */
  readonly #retries: Batch[] = [];
  /** Whether the end of this turn will dispatch. */
  #scheduled = false;
  #closed = false;

  constructor(options: VerifyPoolOptions) {
    this.#options = options;
    this.#minBatch = options.minBatch ?? 1;
    this.#places = Array.from(
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

  /** Ends the threads and rejects what they had not answered. Idempotent. */
  close(): void {
    this.#closed = true;
    const lost = [...this.#places.flatMap((place) => place.batches), ...this.#retries];
    for (const place of this.#places) {
      place.thread?.end();
      place.thread = undefined;
      place.batches.length = 0;
    }
    const checks = [...lost.flatMap((batch) => batch.checks), ...this.#waiting.clear()];
    this.#retries.length = 0;
    for (const check of checks) check.reject(closedError());
  }

  /** Dispatches at the end of this turn, so that what one read delivered makes one batch. */
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
      const place = this.#leastBusyPlace();
      if (place === "none left") return this.#checkHere();
      if (place === undefined) return;
      const batch = this.#nextBatch();
      if (batch === undefined) return;
      if (batch.deaths === 0 && batch.checks.length < this.#minBatch) {
        this.#check(batch.checks);
        continue;
      }
      place.thread ??= this.#startThread(place);
      place.batches.push(batch);
      place.thread.check(packChecks(batch.checks.map((check) => check.event)));
    }
  }

  /** The place with the fewest batches, if one has room for more; or that no thread stays alive. */
  #leastBusyPlace(): Place | undefined | "none left" {
    const usable = this.#places.filter((place) => place.deaths < MAX_DEATHS);
    if (usable.length === 0) return "none left";
    const place = usable.reduce((least, next) =>
      next.batches.length < least.batches.length ? next : least
    );
    return place.batches.length < THREAD_BATCHES ? place : undefined;
  }

  #nextBatch(): Batch | undefined {
    const retry = this.#retries.shift();
    if (retry !== undefined || this.#waiting.size === 0) return retry;
    // A few checks are spread over the threads that have nothing to do.
    const idle = this.#places.filter((place) => place.batches.length === 0).length;
    const share = Math.ceil(this.#waiting.size / Math.max(idle, 1));
    const fair = Math.max(share, this.#minBatch);
    const checks: Check[] = [];
    while (checks.length < Math.min(fair, BATCH_CHECKS) && this.#waiting.size > 0) {
      checks.push(this.#waiting.shift()!);
    }
    return { checks, deaths: 0 };
  }

  #startThread(place: Place): VerifyThread {
    return this.#options.start({
      answered: (answers) => this.#answered(place, answers),
      died: (reason) => this.#died(place, reason),
    });
  }

  #answered(place: Place, answers: Uint8Array): void {
    place.deaths = 0;
    const checks = place.batches.shift()?.checks ?? [];
    assert(answers.length === checks.length, "a thread answers each check of a batch once");
    checks.forEach((check, index) => check.resolve(answers[index] === 1));
    this.#dispatch();
  }

  #died(place: Place, reason: string): void {
    if (this.#closed) return;
    place.thread = undefined;
    place.deaths++;
    const message = place.deaths < MAX_DEATHS
      ? "signature thread died"
      : "signature thread given up";
    this.#options.log.error(message, { reason });
    for (const batch of place.batches.splice(0)) {
      if (++batch.deaths < 2) this.#retries.push(batch);
      else this.#check(batch.checks);
    }
    this.#dispatch();
  }

  /** Does all that waits on this thread, because no other one can be kept alive. */
  #checkHere(): void {
    for (const batch of this.#retries.splice(0)) this.#check(batch.checks);
    this.#check(this.#waiting.clear());
  }

  #check(checks: readonly Check[]): void {
    for (const { event, resolve } of checks) resolve(signatureHolds(event, this.#options.engine));
  }
}

function closedError(): Error {
  return new Error("the verifier is closed");
}
