/**
 * Collects single events into batches, because a commit costs the same for one event as for
 * hundreds. A batch is written at once when a writer is free, so a lone event is not delayed;
 * events that arrive while batches are being written form the next one. Two batches are written
 * concurrently, so that neither the relay nor the database waits for the other.
 *
 * An event that touches many rows is heavy. Heavy events wait in a lane of their own and never
 * occupy every writer, so light events do not wait behind them. Within a lane, sources take turns.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import {
  type EventRecord,
  type EventStore,
  type EventWriter,
  type PutOutcome,
  StoreUnavailable,
} from "../event_store.ts";
import { rowsOf } from "./row_weight.ts";
import { isRequest } from "./tombstones.ts";
import { type BatchRoom, type Weighed, WriteQueue } from "./write_queue.ts";

/** The limits of one batch, and of batches in flight. */
interface BatchLimits extends BatchRoom {
  /** Batches that are written concurrently. */
  readonly maxInFlight: number;
  /** An event that touches more rows than this is heavy. */
  readonly heavyRows: number;
}

/**
 * Large enough that the cost of a commit hardly matters, small enough that a batch takes tens of
 * milliseconds.
 */
export const defaultBatchLimits: BatchLimits = {
  maxEvents: 500,
  maxBytes: 4 * 1024 * 1024,
  maxRows: 5_000,
  maxInFlight: 2,
  heavyRows: 200,
};

/** How long the caller of {@link BatchWriter.write} waits for an outcome. */
interface WriteDeadline {
  readonly clock: Clock;
  /** For one batch, milliseconds. */
  readonly timeoutMs: number;
}

interface Waiting extends Weighed {
  readonly record: EventRecord;
  readonly resolve: (outcome: PutOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** The waiting and running batches of one weight: light or heavy. */
class Lane {
  readonly waiting = new WriteQueue<Waiting>();
  runningCount = 0;
  /**
   * How many of its running batches are overdue. While there is one, new events of the lane are
   * refused.
   */
  overdueCount = 0;
}

/** The batch to be started next. */
interface Next {
  readonly lane: Lane;
  readonly batch: readonly Waiting[];
  /** Whether no other batch may be written at the same time. */
  readonly isAlone: boolean;
}

/**
 * Writes events in batches. A batch with a deletion or vanish request is written alone: after
 * everything that came before it and before everything that comes after.
 */
export class BatchWriter implements EventWriter {
  readonly #store: Pick<EventStore, "put">;
  readonly #limits: BatchLimits;
  readonly #deadline: WriteDeadline | undefined;
  readonly #light = new Lane();
  readonly #heavy = new Lane();
  readonly #running = new Set<Promise<void>>();
  /**
   * One for each running batch that is not overdue; settles when the outcomes are known or the
   * deadline passes.
   */
  readonly #undecided = new Set<Promise<void>>();
  #lastStarted: Lane | undefined = undefined;
  /** Chosen already, but has to wait until no other batch runs. Nothing starts before it. */
  #next: Next | undefined = undefined;
  /** The running batch that has to be alone, if there is one. */
  #alone: Next | undefined = undefined;
  #isStarting = false;
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

  /** Events that are in no running batch yet. */
  get waiting(): number {
    const chosen = this.#next?.batch.length ?? 0;
    return this.#light.waiting.length + this.#heavy.waiting.length + chosen;
  }

  write(record: EventRecord, source = ""): Promise<PutOutcome> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailable("the writer is closed"));
    const rows = rowsOf(record.event);
    const lane = rows > this.#limits.heavyRows ? this.#heavy : this.#light;
    if (this.#isBlocked(lane)) return Promise.reject(this.#overdue());
    const { promise, resolve, reject } = Promise.withResolvers<PutOutcome>();
    lane.waiting.push({ source, bytes: record.json.length, rows, record, resolve, reject });
    this.#startSoon();
    return promise;
  }

  /**
   * Takes no more events, and resolves when every accepted event has its outcome. Overdue batches
   * are not waited for.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#isBusy()) {
      await Promise.all(this.#undecided.size > 0 ? this.#undecided : this.#running);
    }
  }

  #isBusy(): boolean {
    return this.waiting > 0 || this.#undecided.size > 0;
  }

  /** Whether overdue batches leave no room for an event of this lane. */
  #isBlocked(lane: Lane): boolean {
    const overdue = this.#light.overdueCount + this.#heavy.overdueCount;
    const isAlone = (this.#alone?.lane.overdueCount ?? 0) > 0;
    return lane.overdueCount > 0 || isAlone || overdue >= this.#limits.maxInFlight;
  }

  /**
   * Starts in a microtask, so that all events of one turn are in one batch: one read of a socket
   * may carry many.
   */
  #startSoon(): void {
    if (this.#isStarting || this.#running.size >= this.#limits.maxInFlight) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#running.size < this.#limits.maxInFlight && this.#alone === undefined) {
      const next = this.#next ??= this.#chooseNext();
      if (next === undefined || (next.isAlone && this.#running.size > 0)) return;
      this.#next = undefined;
      if (next.isAlone) this.#alone = next;
      this.#run(next);
    }
  }

  /** Light events go first, and heavy ones never take the last writer. */
  #chooseNext(): Next | undefined {
    const lane = this.#chooseLane();
    const batch = lane?.waiting.take(this.#limits) ?? [];
    if (lane === undefined || batch.length === 0) return undefined;
    return { lane, batch, isAlone: batch.some(({ record }) => isRequest(record.event)) };
  }

  #chooseLane(): Lane | undefined {
    const [light, heavy] = [this.#light, this.#heavy];
    const mostHeavy = Math.max(1, this.#limits.maxInFlight - 1);
    const isHeavysTurn = this.#running.size === 0
      ? this.#lastStarted === light
      : light.runningCount > 0;
    const mayTakeHeavy = heavy.waiting.length > 0 && heavy.runningCount < mostHeavy;
    if (mayTakeHeavy && (isHeavysTurn || light.waiting.length === 0)) return heavy;
    return light.waiting.length > 0 ? light : undefined;
  }

  #run(next: Next): void {
    const { lane } = next;
    this.#lastStarted = lane;
    lane.runningCount++;
    const running = this.#writeInTime(next).finally(() => {
      this.#running.delete(running);
      lane.runningCount--;
      if (this.#alone === next) this.#alone = undefined;
      this.#start();
    });
    this.#running.add(running);
  }

  async #writeInTime(next: Next): Promise<void> {
    const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
    this.#undecided.add(decided);
    let isOverdue = false;
    const timer = this.#deadline?.clock.after(this.#deadline.timeoutMs, () => {
      isOverdue = true;
      this.#giveUp(next);
      this.#undecided.delete(decided);
      decide();
      this.#start();
    });
    await this.#writeBatch(next.batch);
    timer?.cancel();
    this.#undecided.delete(decided);
    decide();
    if (isOverdue) next.lane.overdueCount--;
  }

  /**
   * Rejects an overdue batch, whose outcome is unknown, and the events that would have to wait for
   * it.
   */
  #giveUp({ lane, batch }: Next): void {
    lane.overdueCount++;
    const blocked = [this.#light, this.#heavy].filter((one) => this.#isBlocked(one));
    const behind = blocked.flatMap(({ waiting }) => waiting.takeAll());
    // The next batch would wait for the overdue one to end.
    behind.push(...this.#next?.batch ?? []);
    this.#next = undefined;
    for (const { reject } of [...batch, ...behind]) reject(this.#overdue());
  }

  #overdue(): StoreUnavailable {
    return new StoreUnavailable(`the database did not answer for ${this.#deadline?.timeoutMs} ms`);
  }

  /**
   * Writes a batch that failed again in halves, so that one event which the database refuses does
   * not fail the others. Not when the database is unavailable.
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
