/**
 * Who removes from the store what is no longer to be kept.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Outage } from "../../relay/outage.ts";
import { type RetentionRules, RetentionSweep } from "../../store/write/retention.ts";
import type { Place } from "../../store/read/scan.ts";
import type { Upkeep } from "../../store/write/upkeep.ts";

/** How often expired events are removed. Until then they are hidden. */
const EXPIRY_INTERVAL_MS = 5_000;

/** Events of one step: some milliseconds of the database's time. */
const STEP_EVENTS = 500;

/** Between two steps, for the database to serve everybody else. */
const PAUSE_MS = 20;

/** What a housekeeper works with. */
export interface HousekeeperOptions {
  readonly store: Upkeep;
  readonly rules: RetentionRules;
  /** How often the store is looked through, milliseconds. */
  readonly sweepIntervalMs: number;
  /** Told which events were removed although nothing keeps them from coming again. */
  readonly onRemoved?: (ids: readonly string[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Removes expired events every few seconds, and now and then those that the rules of retention do not
 * keep. One small step at a time; several instances may do so on one database.
 */
export class Housekeeper {
  readonly #options: HousekeeperOptions;
  readonly #timer: Timer;
  readonly #outage: Outage;
  #nextSweepMs: number;
  /** Undefined while there is nothing to do. */
  #working: Promise<void> | undefined;
  /** Ends the pause between two steps. */
  #goOn: (() => void) | undefined;
  #isClosed = false;

  /** Begins at once. */
  constructor(options: HousekeeperOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#outage = new Outage("removing events", log, clock);
    this.#nextSweepMs = clock.monotonicMs();
    this.#timer = clock.every(EXPIRY_INTERVAL_MS, () => this.#begin());
    this.#begin();
  }

  /** Finishes the step that runs, and stops. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    this.#goOn?.();
    await this.#working;
  }

  #begin(): void {
    this.#working ??= this.#work().finally(() => this.#working = undefined);
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

  async #sweepWhenDue(): Promise<void> {
    const { clock, rules, sweepIntervalMs, log } = this.#options;
    if (clock.monotonicMs() < this.#nextSweepMs) return;
    const sweep = new RetentionSweep(rules, Math.floor(clock.nowMs() / 1000));
    if (!sweep.isNeeded) return;
    const removed = await this.#sweep(sweep);
    this.#nextSweepMs = clock.monotonicMs() + sweepIntervalMs;
    if (removed > 0) log.info("events removed that were not to be kept", { removed });
  }

  async #sweep(sweep: RetentionSweep): Promise<number> {
    const { store } = this.#options;
    let removed = 0;
    let place: Place | undefined = sweep.start;
    while (place !== undefined && !this.#isClosed) {
      const events = await store.survey(place, STEP_EVENTS);
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
    this.#goOn = resolve;
    await promise;
    timer.cancel();
  }
}
