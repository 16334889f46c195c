/**
 * A place for one thread of the relay: starts it, and replaces it when it has ended.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { messageOf } from "../../base/error_text.ts";
import type { Settings } from "../settings/setting_list.ts";
import type { StoreSeat } from "./store_seat.ts";
import type { RelayThread, StartThread } from "./relay_thread.ts";
import type { CallName, NumberedSettings, WorkerCalls, WorkerStart } from "./worker_calls.ts";

/** How often a thread is asked whether it is alive, milliseconds. */
const PROBE_MS = 5_000;

/**
 * A thread that was asked so often and has not answered is stuck. Times are not compared: the whole
 * process may have been stopped for a while.
 */
const MAX_UNANSWERED = 6;

/** The pause before a thread is replaced doubles from the first to the second, milliseconds. */
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;

/** After this time the pauses begin again with the shortest, milliseconds. */
const SETTLED_MS = 60_000;

/** What {@link WorkerSlot} needs. */
export interface WorkerSlotOptions extends Omit<WorkerStart, "settings" | "store"> {
  readonly settings: Settings;
  readonly startThread: StartThread;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes a place at the store for a thread that starts. None where each opens the database itself. */
  readonly connect?: (() => StoreSeat) | undefined;
  /** Called when a thread has ended, before another one starts. */
  readonly onEnded?: (seat: StoreSeat | undefined) => void;
  /**
   * Called when the thread is stuck. The runtime cannot end it, and the system goes on giving it
   * connections, which nobody answers.
   */
  readonly onStuck?: () => void;
}

/** A thread that takes the settings, addresses and calls of this place. */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  readonly #addresses: string[] = [];
  #settings: NumberedSettings;
  /** The thread, also while it starts. */
  #thread: RelayThread | undefined = undefined;
  /** The place of the thread at the store. */
  #seat: StoreSeat | undefined = undefined;
  #isReady = false;
  #isClosing = false;
  #connectionCount = 0;
  #pauseMs = MIN_PAUSE_MS;
  #retry: Timer | undefined = undefined;
  #probe: Timer | undefined = undefined;
  /** How often the thread was asked since it answered. */
  #unanswered = 0;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    this.#settings = { version: 0, settings: options.settings };
  }

  /** The number of the thread, from 1. */
  get number(): number {
    return this.#options.number;
  }

  /** How many connections the thread had when it was asked last. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Starts the first thread. Rejects with what went wrong. */
  async open(): Promise<void> {
    const { clock } = this.#options;
    this.#probe = clock.every(PROBE_MS, () => void this.#askWhetherAlive());
    const thread = await this.#begin();
    this.#watch(thread);
  }

  /** Accepts connections at the address, in this thread and in those that replace it. */
  async listen(address: string): Promise<string> {
    const thread = this.#thread;
    if (thread === undefined || !this.#isReady) throw new Error("a worker ended while it started");
    const url = await thread.call("listen", address);
    this.#addresses.push(address);
    return url;
  }

  /** Makes settings ready. A thread that is being replaced takes them when they are in force. */
  async prepare(numbered: NumberedSettings): Promise<void> {
    if (this.#isReady) await this.#thread?.call("prepare", numbered).catch(unlessEnded);
  }

  /** Puts settings into force. */
  apply(numbered: NumberedSettings): void {
    this.#settings = numbered;
    if (this.#isReady) void this.#apply(numbered);
  }

  /** Calls the thread; undefined if there is none just now. */
  async call<Name extends CallName>(
    name: Name,
    argument: WorkerCalls[Name]["takes"],
  ): Promise<WorkerCalls[Name]["gives"] | undefined> {
    if (!this.#isReady) return undefined;
    return await this.#thread?.call(name, argument).catch(unlessEnded);
  }

  /** Shuts the thread down in order, and resolves when it has ended. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#retry?.cancel();
    try {
      await this.call("close", undefined);
    } finally {
      this.end();
    }
  }

  /** Ends the thread at once. */
  end(): void {
    this.#isClosing = true;
    this.#isReady = false;
    this.#retry?.cancel();
    this.#probe?.cancel();
    this.#thread?.end("the relay stops");
  }

  /** Starts a thread, and gives it when it accepts connections. */
  async #begin(): Promise<RelayThread> {
    const { startThread, number, longQueries, directory, startedMs } = this.#options;
    const { tables, channel, self, addressSecret, connect } = this.#options;
    const thread = startThread();
    this.#thread = thread;
    const store = (this.#seat = connect?.())?.access;
    this.#unanswered = 0;
    try {
      let taken = this.#settings;
      await thread.call("start", {
        ...{ number, longQueries, directory, startedMs, tables, channel, self, addressSecret },
        ...{ settings: taken.settings, store },
      }, store && [store.port]);
      for (const address of this.#addresses) await thread.call("listen", address);
      while (taken !== this.#settings) {
        taken = this.#settings;
        await thread.call("apply", taken);
      }
      this.#isReady = true;
      return thread;
    } catch (error) {
      thread.end("it did not start");
      this.#options.onEnded?.(this.#seat);
      throw error;
    }
  }

  #watch(thread: RelayThread): void {
    const sinceMs = this.#options.clock.monotonicMs();
    void thread.ended.then((reason) => this.#onEnded(reason, sinceMs));
  }

  #onEnded(reason: string, sinceMs: number): void {
    this.#isReady = false;
    this.#connectionCount = 0;
    if (this.#isClosing) return;
    this.#options.onEnded?.(this.#seat);
    const { clock, log, number } = this.#options;
    const endedMs = clock.monotonicMs();
    if (endedMs - sinceMs > SETTLED_MS) this.#pauseMs = MIN_PAUSE_MS;
    log.error("worker ended", { worker: number, reason, replacedInMs: this.#pauseMs });
    this.#replaceLater(endedMs);
  }

  #replaceLater(endedMs: number): void {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    this.#retry = this.#options.clock.after(pauseMs, () => void this.#replace(endedMs));
  }

  async #replace(endedMs: number): Promise<void> {
    const { clock, log, number: worker } = this.#options;
    try {
      const thread = await this.#begin();
      if (this.#isClosing) return thread.end("the relay stops");
      this.#watch(thread);
      log.info("worker replaced", { worker, awayMs: Math.round(clock.monotonicMs() - endedMs) });
    } catch (error) {
      if (this.#isClosing) return;
      const reason = messageOf(error);
      log.error("worker not replaced yet", { worker, reason, nextTryInMs: this.#pauseMs });
      this.#replaceLater(endedMs);
    }
  }

  async #apply(numbered: NumberedSettings): Promise<void> {
    const { log, number: worker } = this.#options;
    try {
      await this.call("apply", numbered);
    } catch (error) {
      log.error("settings not taken over", { worker, error: String(error) });
    }
  }

  #giveUp(): void {
    const { log, number: worker, onStuck } = this.#options;
    this.end();
    log.error("worker does not answer, and cannot be replaced: the relay stops", { worker });
    onStuck?.();
  }

  /** A thread that is alive answers between two messages, also while it starts. */
  async #askWhetherAlive(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined) return;
    if (this.#unanswered >= MAX_UNANSWERED) return this.#giveUp();
    this.#unanswered++;
    const connections = await thread.call("probe", undefined).catch(unlessEnded);
    if (connections === undefined || thread !== this.#thread) return;
    this.#unanswered = 0;
    this.#connectionCount = connections;
  }
}

/** What a thread that has ended was asked for is not done, and that is said elsewhere. */
function unlessEnded(error: unknown): undefined {
  if (!(error instanceof Error) || error.name !== "ThreadEnded") throw error;
}
