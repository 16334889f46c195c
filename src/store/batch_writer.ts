/**
 * From single events to batches.
 *
 * A commit costs the same for one event as for hundreds, so whatever waits is written together. Nothing
 * waits for company: a lone event is a batch at once, and while batches are being written the next one
 * forms. Under load batches grow by themselves and the rate with them; an idle relay answers at the
 * speed of one commit. Two batches are written at once, so that neither the relay nor the database waits
 * for the other.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import {
  type EventRecord,
  type EventStore,
  type EventWriter,
  type PutOutcome,
  StoreUnavailable,
} from "./event_store.ts";
import { isRequest } from "./tombstones.ts";

/** How large one batch may become. */
export interface BatchLimits {
  /** Events in a batch. */
  readonly maxEvents: number;
  /** Their JSON together, bytes; one event may be larger. */
  readonly maxBytes: number;
  /** Batches that are written at once. */
  readonly maxInFlight: number;
}

/** Large enough that a commit's cost vanishes, small enough that one batch takes some tens of milliseconds. */
export const defaultBatchLimits: BatchLimits = {
  maxEvents: 500,
  maxBytes: 4 * 1024 * 1024,
  maxInFlight: 2,
};

/** How long whoever wrote an event waits for an answer. */
export interface WriteDeadline {
  readonly clock: Clock;
  /** For one batch, milliseconds. */
  readonly timeoutMs: number;
}

interface Waiting {
  readonly record: EventRecord;
  readonly resolve: (outcome: PutOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes events in batches. What asks to remove others is written after all that came before, and before
 * all that comes after: its batch is alone.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { utf8 } from "../base/bytes.ts";
 * import { BatchWriter } from "./batch_writer.ts";
 * import { MemoryStore } from "./memory.ts";
 *
 * const writer = new BatchWriter(new MemoryStore());
 * const event = { id: "a1", pubkey: "b2", created_at: 3, kind: 1, tags: [], content: "", sig: "" };
 * const record = { event, json: utf8(JSON.stringify(event)) };
 * const outcomes = await Promise.all([writer.write(record), writer.write(record)]);
 * deepEqual(outcomes.toSorted(), ["duplicate", "stored"]);
 * await writer.close();
 * ```
 */
export class BatchWriter implements EventWriter {
  readonly #store: Pick<EventStore, "put">;
  readonly #limits: BatchLimits;
  readonly #deadline: WriteDeadline | undefined;
  #waiting: Waiting[] = [];
  readonly #running = new Set<Promise<void>>();
  /** Whether nothing may be written beside what is. */
  #isAlone = false;
  #isStarting = false;
  /** How many batches are overdue: as long as any is, nobody is made to wait behind it. */
  #overdueCount = 0;
  #isClosed = false;

  /** Without a deadline, an event waits for as long as the store takes. */
  constructor(
    store: Pick<EventStore, "put">,
    limits: BatchLimits = defaultBatchLimits,
    deadline?: WriteDeadline,
  ) {
    this.#store = store;
    this.#limits = limits;
    this.#deadline = deadline;
  }

  write(record: EventRecord): Promise<PutOutcome> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailable("the writer is closed"));
    if (this.#overdueCount > 0) return Promise.reject(this.#overdue());
    const { promise, resolve, reject } = Promise.withResolvers<PutOutcome>();
    this.#waiting.push({ record, resolve, reject });
    this.#startSoon();
    return promise;
  }

  /** Takes no more events and resolves when all that were taken are decided. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#waiting.length > 0 || this.#running.size > 0) await Promise.all(this.#running);
  }

  /** What the rest of this turn brings belongs to the same batch: one read of a socket may carry many. */
  #startSoon(): void {
    if (this.#isStarting || this.#running.size >= this.#limits.maxInFlight) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#waiting.length > 0 && this.#running.size < this.#limits.maxInFlight) {
      const batch = this.#nextBatch();
      const isAlone = batch.some(({ record }) => isRequest(record.event));
      if (this.#isAlone || (isAlone && this.#running.size > 0)) return;
      this.#waiting = this.#waiting.slice(batch.length);
      this.#isAlone = isAlone;
      this.#run(batch);
    }
  }

  #run(batch: readonly Waiting[]): void {
    const running = this.#writeInTime(batch).finally(() => {
      this.#running.delete(running);
      this.#isAlone = false;
      this.#start();
    });
    this.#running.add(running);
  }

  async #writeInTime(batch: readonly Waiting[]): Promise<void> {
    let isOverdue = false;
    const timer = this.#deadline?.clock.after(this.#deadline.timeoutMs, () => {
      isOverdue = true;
      this.#giveUp(batch);
    });
    await this.#writeBatch(batch);
    timer?.cancel();
    if (isOverdue) this.#overdueCount--;
  }

  /** Whether the batch will be stored is unknown: nothing was promised, and the next one waits for it. */
  #giveUp(batch: readonly Waiting[]): void {
    this.#overdueCount++;
    for (const { reject } of [...batch, ...this.#waiting]) reject(this.#overdue());
    this.#waiting = [];
  }

  #overdue(): StoreUnavailable {
    return new StoreUnavailable(`the database did not answer for ${this.#deadline?.timeoutMs} ms`);
  }

  #nextBatch(): readonly Waiting[] {
    const { maxEvents, maxBytes } = this.#limits;
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#waiting) {
      bytes += record.json.length;
      if (count > 0 && (count >= maxEvents || bytes > maxBytes)) break;
      count++;
    }
    return this.#waiting.slice(0, count);
  }

  /**
   * An event that the database refuses must not fail those beside it: a batch that fails for any other
   * reason than that the database is away is written again in halves.
   */
  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#store.put(batch.map(({ record }) => record));
      batch.forEach(({ resolve }, place) => resolve(outcomes[place]!));
    } catch (error) {
      if (batch.length === 1 || error instanceof StoreUnavailable) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const half = batch.length >> 1;
      await this.#writeBatch(batch.slice(0, half));
      await this.#writeBatch(batch.slice(half));
    }
  }
}
