/**
 * From single events to batches.
 *
 * A commit costs the same for one event as for hundreds, so whatever waits is written together. Nothing
 * waits for company: a lone event is a batch at once, and while batches are being written the next one
 * forms. Under load batches grow by themselves and the rate with them; an idle relay answers at the
 * speed of one commit. Two batches are written at once, so that neither the relay nor the database waits
 * for the other.
 *
 * What touches many rows is heavy: it waits in a lane of its own and never takes the last place, so that
 * what is light does not wait behind it. In each lane the sources take turns.
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
import { type BatchRoom, type Weighed, WriteLane } from "./write_lane.ts";

/** How large one batch may become. */
export interface BatchLimits extends BatchRoom {
  /** Batches that are written at once. */
  readonly maxInFlight: number;
  /** Above how many rows an event is heavy. */
  readonly heavyRows: number;
}

/** Large enough that a commit's cost vanishes, small enough that one batch takes some tens of milliseconds. */
export const defaultBatchLimits: BatchLimits = {
  maxEvents: 500,
  maxBytes: 4 * 1024 * 1024,
  maxRows: 5_000,
  maxInFlight: 2,
  heavyRows: 200,
};

/** How long whoever wrote an event waits for an answer. */
export interface WriteDeadline {
  readonly clock: Clock;
  /** For one batch, milliseconds. */
  readonly timeoutMs: number;
}

interface Waiting extends Weighed {
  readonly record: EventRecord;
  readonly resolve: (outcome: PutOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Those of one weight. */
class Lane {
  readonly waiting = new WriteLane<Waiting>();
  runningCount = 0;
  /** How many of its batches are overdue: as long as any is, nobody is made to wait behind it. */
  overdueCount = 0;
}

/** A batch whose turn it is. */
interface Next {
  readonly lane: Lane;
  readonly batch: readonly Waiting[];
  /** Whether nothing may be written beside it. */
  readonly isAlone: boolean;
}

/**
 * Writes events in batches. What asks to remove others is written after all that came before, and before
 * all that comes after: its batch is alone.
 */
export class BatchWriter implements EventWriter {
  readonly #store: Pick<EventStore, "put">;
  readonly #limits: BatchLimits;
  readonly #deadline: WriteDeadline | undefined;
  readonly #light = new Lane();
  readonly #heavy = new Lane();
  readonly #running = new Set<Promise<void>>();
  /** Of those that run, the batches that are not overdue. */
  readonly #undecided = new Set<Promise<void>>();
  #lastStarted: Lane | undefined = undefined;
  /** Waits until it is alone; nothing starts before it. */
  #next: Next | undefined = undefined;
  /** Set while nothing may be written beside what is. */
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
   * Takes no more events and resolves when all that were taken are decided. What is overdue is not waited
   * for.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#isBusy()) {
      await Promise.all(this.#undecided.size > 0 ? this.#undecided : this.#running);
    }
  }

  #isBusy(): boolean {
    const waiting = this.#light.waiting.length + this.#heavy.waiting.length;
    return waiting > 0 || this.#next !== undefined || this.#undecided.size > 0;
  }

  /** Whether what is overdue leaves no place for what is in the lane. */
  #isBlocked(lane: Lane): boolean {
    const overdue = this.#light.overdueCount + this.#heavy.overdueCount;
    const isAlone = (this.#alone?.lane.overdueCount ?? 0) > 0;
    return lane.overdueCount > 0 || isAlone || overdue >= this.#limits.maxInFlight;
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
    while (this.#running.size < this.#limits.maxInFlight && this.#alone === undefined) {
      const next = this.#next ??= this.#chooseNext();
      if (next === undefined || (next.isAlone && this.#running.size > 0)) return;
      this.#next = undefined;
      if (next.isAlone) this.#alone = next;
      this.#run(next);
    }
  }

  /** What is light goes first, and what is heavy does not take the last place. */
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
   * Whether the batch will be stored is unknown: nothing was promised, and those behind it would have to
   * wait for it.
   */
  #giveUp({ lane, batch }: Next): void {
    lane.overdueCount++;
    const blocked = [this.#light, this.#heavy].filter((one) => this.#isBlocked(one));
    const behind = blocked.flatMap(({ waiting }) => waiting.takeAll());
    // It would wait for the overdue one to end.
    behind.push(...this.#next?.batch ?? []);
    this.#next = undefined;
    for (const { reject } of [...batch, ...behind]) reject(this.#overdue());
  }

  #overdue(): StoreUnavailable {
    return new StoreUnavailable(`the database did not answer for ${this.#deadline?.timeoutMs} ms`);
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
