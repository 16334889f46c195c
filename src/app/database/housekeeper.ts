/**
 * Deletes expired events and events past their retention from the store, and keeps its slices.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Outage } from "../../relay/outage.ts";
import { type RetentionRules, RetentionSweep } from "../../store/write/retention.ts";
import type { Place } from "../../store/read/scan.ts";
import type { EventStore } from "../../store/event_store.ts";
import type { Upkeep } from "../../store/write/upkeep.ts";

/** How often expired events are deleted. Queries hide them until then. */
const EXPIRY_INTERVAL_MS = 5_000;

/** Events per step: some milliseconds of database time. */
const STEP_EVENTS = 500;

/** Pause between two steps, in which the database serves other queries. */
const PAUSE_MS = 20;

/** What {@link Housekeeper} needs. */
export interface HousekeeperOptions {
  readonly store: Upkeep & Pick<EventStore, "slices">;
  readonly rules: RetentionRules;
  /** How often the store is scanned for events past their retention, milliseconds. */
  readonly sweepIntervalMs: number;
  /** Called with the ids of deleted events that may be published again. */
  readonly onRemoved?: (ids: readonly string[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Deletes expired events and tends the store's slices every 5 seconds, and deletes at longer intervals the
 * events that the retention rules do not keep. Works in small steps. Several instances may do so on one database.
 */
export class Housekeeper {
  readonly #options: HousekeeperOptions;
  readonly #timer: Timer;
  readonly #outage: Outage;
  readonly #slicesOutage: Outage;
  #rules: RetentionRules;
  #sweepIntervalMs: number;
  #nextSweepMs: number;
  /** The run in progress. */
  #working: Promise<void> | undefined;
  /** The same for the slices. To build them may take an hour, in which events expire. */
  #tending: Promise<void> | undefined;
  /** Each ends a pause between two steps. */
  readonly #pauses = new Set<() => void>();
  #isClosed = false;

  /** Starts the first run. */
  constructor(options: HousekeeperOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#rules = options.rules;
    this.#sweepIntervalMs = options.sweepIntervalMs;
    this.#outage = new Outage("removing events", log, clock);
    this.#slicesOutage = new Outage("keeping slices", log, clock);
    this.#nextSweepMs = clock.monotonicMs();
    this.#timer = clock.every(EXPIRY_INTERVAL_MS, () => this.#begin());
    this.#begin();
  }

  /**
   * Replaces the rules. A scan by the old ones ends with its current step, and the next one begins
   * within seconds.
   */
  update(rules: RetentionRules, sweepIntervalMs: number): void {
    this.#rules = rules;
    this.#sweepIntervalMs = sweepIntervalMs;
    this.#nextSweepMs = this.#options.clock.monotonicMs();
  }

  /** Finishes the current step and stops. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    for (const end of this.#pauses) end();
    await Promise.all([this.#working, this.#tending]);
  }

  #begin(): void {
    this.#working ??= this.#work().finally(() => this.#working = undefined);
    this.#tending ??= this.#tendSlices().finally(() => this.#tending = undefined);
  }

  async #work(): Promise<void> {
    try {
      await this.#removeExpired();
      await this.#sweepWhenDue();
      this.#outage.worked();
    } catch (error) {
      this.#outage.failed(error);
    }
  }

  async #removeExpired(): Promise<void> {
    const { store } = this.#options;
    while (!this.#isClosed && await store.removeExpired(STEP_EVENTS) === STEP_EVENTS) {
      await this.#pause();
    }
  }

  /** Adds to the slices what has changed, or builds them. */
  async #tendSlices(): Promise<void> {
    const { slices } = this.#options.store;
    if (slices === undefined) return;
    try {
      while (!this.#isClosed && await slices.tend()) await this.#pause();
      this.#slicesOutage.worked();
    } catch (error) {
      this.#slicesOutage.failed(error);
    }
  }

  async #sweepWhenDue(): Promise<void> {
    const { clock, log } = this.#options;
    if (clock.monotonicMs() < this.#nextSweepMs) return;
    const rules = this.#rules;
    const sweep = new RetentionSweep(rules, Math.floor(clock.nowMs() / 1000));
    if (!sweep.isNeeded) return;
    const removed = await this.#sweep(sweep, () => this.#isClosed || this.#rules !== rules);
    if (this.#rules === rules) this.#nextSweepMs = clock.monotonicMs() + this.#sweepIntervalMs;
    if (removed > 0) log.info("events removed by expiration and retention", { removed });
  }

  async #sweep(sweep: RetentionSweep, isOver: () => boolean): Promise<number> {
    const { store } = this.#options;
    let removed = 0;
    let place: Place | undefined = sweep.start;
    while (place !== undefined && !isOver()) {
      const events = await store.survey(place, STEP_EVENTS);
      if (isOver()) break;
      const condemned = events.filter((event) => sweep.condemns(event)).map(({ id }) => id);
      if (condemned.length > 0) {
        removed += await store.remove(condemned);
        this.#options.onRemoved?.(condemned);
      }
      place = events.length === STEP_EVENTS ? events.at(-1) : undefined;
      if (place !== undefined) await this.#pause();
    }
    return removed;
  }

  async #pause(): Promise<void> {
    if (this.#isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(PAUSE_MS, resolve);
    this.#pauses.add(resolve);
    await promise;
    this.#pauses.delete(resolve);
    timer.cancel();
  }
}
