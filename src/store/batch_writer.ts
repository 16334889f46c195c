/**
 * From single events to batches.
 *
 * A commit costs the same for one event as for hundreds, so whatever waits is written together. Nothing
 * waits for company: a lone event is a batch at once, and while it is being written the next batch
 * forms. Under load batches grow by themselves and the rate with them; an idle relay answers at the
 * speed of one commit.
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

/** How large one batch may become. */
export interface BatchLimits {
  /** Events in a batch. */
  readonly maxEvents: number;
  /** Their JSON together, bytes; one event may be larger. */
  readonly maxBytes: number;
}

/** Large enough that a commit's cost vanishes, small enough that one batch takes some tens of milliseconds. */
export const defaultBatchLimits: BatchLimits = { maxEvents: 500, maxBytes: 4 * 1024 * 1024 };

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
 * Writes events in batches, one batch at a time.
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
  /** Whether the batch that is being written is overdue: then nobody is made to wait behind it. */
  #isStuck = false;
  /** Settles when nothing waits any more; undefined while nothing does. */
  #writing: Promise<void> | undefined = undefined;
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
    if (this.#isStuck) return Promise.reject(this.#overdue());
    const { promise, resolve, reject } = Promise.withResolvers<PutOutcome>();
    this.#waiting.push({ record, resolve, reject });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  /** Takes no more events and resolves when all that were taken are decided. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What the rest of this turn brings belongs to the first batch: one read of a socket may carry many.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeInTime(this.#takeBatch());
    this.#writing = undefined;
  }

  async #writeInTime(batch: readonly Waiting[]): Promise<void> {
    const timer = this.#deadline?.clock.after(this.#deadline.timeoutMs, () => this.#giveUp(batch));
    await this.#writeBatch(batch);
    timer?.cancel();
    this.#isStuck = false;
  }

  /** Whether the batch will be stored is unknown: nothing was promised, and the next one waits for it. */
  #giveUp(batch: readonly Waiting[]): void {
    this.#isStuck = true;
    for (const { reject } of [...batch, ...this.#waiting]) reject(this.#overdue());
    this.#waiting = [];
  }

  #overdue(): StoreUnavailable {
    return new StoreUnavailable(`the database did not answer for ${this.#deadline?.timeoutMs} ms`);
  }

  #takeBatch(): readonly Waiting[] {
    const { maxEvents, maxBytes } = this.#limits;
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#waiting) {
      bytes += record.json.length;
      if (count > 0 && (count >= maxEvents || bytes > maxBytes)) break;
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return batch;
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
