/**
 * Runs a policy plugin as a pool of processes and asks it about events, connections and requests.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { Deadlines } from "../../base/deadlines.ts";
import type { Log } from "../../base/log.ts";
import { type Reason, reason } from "../../nostr/reason.ts";
import type { Policy } from "../../relay/access/policy.ts";
import type { Settings } from "../settings/setting_list.ts";
import { connectLine, eventLine, requestLine, type Verdict } from "./plugin_lines.ts";
import { PluginProcess, type Question } from "./plugin_process.ts";

/** What a plugin is asked about besides events. */
type PluginHook = "connect" | "request";

/** A plugin's command, and how it is run. */
interface PluginOptions {
  /** A shell command. */
  readonly command: string;
  readonly hooks: readonly PluginHook[];
  /** How many processes run. */
  readonly processes: number;
  /** How many questions each process may have pending. */
  readonly maxInFlight: number;
  /** How long an answer may take, milliseconds. */
  readonly timeoutMs: number;
  /** The decision when no answer comes. */
  readonly onFailure: "reject" | "accept";
  readonly clock: Clock;
  readonly log: Log;
  /** Modification time of the command's file; undefined if the command is not a path. */
  readonly changedMs: () => Promise<number | undefined>;
}

/** Starts the plugins that the settings name. */
export function startPlugins(
  { plugins }: Pick<Settings, "plugins">,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): readonly Plugin[] {
  return plugins.commands.map((command) =>
    new Plugin({
      command,
      hooks: plugins.hooks as readonly PluginHook[],
      processes: plugins.processes,
      maxInFlight: plugins.max_in_flight,
      timeoutMs: plugins.timeout_ms,
      onFailure: plugins.on_failure,
      clock,
      log,
      changedMs: () => changedMs(command),
    })
  );
}

/** Modification time of a command that is a path; undefined for any other. */
async function changedMs(command: string): Promise<number | undefined> {
  if (/\s/.test(command)) return undefined;
  try {
    return (await Deno.stat(command)).mtime?.getTime();
  } catch {
    // A program found through PATH.
    return undefined;
  }
}

/** A question whose process ended is asked once more, then it fails. */
const MAX_ATTEMPTS = 2;

/** Pause before a process is restarted, milliseconds; doubles while processes end early. */
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;

/** A process that ran longer than this resets the pause, milliseconds. */
const SETTLED_MS = 10_000;

/** How often the command's file is checked for changes. */
const CHANGE_INTERVAL_MS = 1_000;

const UNANSWERED: Reason = reason("error", "a policy did not answer, try again later");

/** A slot of the pool: a process, or the pause before a restart. */
interface Slot {
  process: PluginProcess | undefined;
  startedMs: number;
  pauseMs: number;
}

/**
 * Distributes questions over the processes, to the one with the fewest pending first. Questions
 * that an ended process left unanswered are asked of another.
 */
export class Plugin {
  readonly #options: PluginOptions;
  readonly #slots: Slot[];
  readonly #waiting: Question[] = [];
  readonly #deadlines: Deadlines;
  /** Pauses before processes are restarted. */
  readonly #timers = new Set<Timer>();
  /** Checks the command's file for changes. */
  readonly #changeTimer: Timer;
  #asked = 0;
  /** The file's modification time at the last check. */
  #changedMs: number | undefined;
  #isClosed = false;

  constructor(options: PluginOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock, options.timeoutMs);
    this.#slots = Array.from({ length: options.processes }, () => ({
      process: undefined,
      startedMs: 0,
      pauseMs: MIN_PAUSE_MS,
    }));
    for (const slot of this.#slots) this.#start(slot);
    this.#changeTimer = options.clock.every(CHANGE_INTERVAL_MS, () => void this.#restartChanged());
    void this.#restartChanged();
  }

  /** The plugin as an access policy. */
  get policy(): Policy {
    const { command, hooks, clock, timeoutMs } = this.#options;
    const nowMs = () => clock.nowMs();
    return {
      name: command,
      // Covers a second attempt, since a question may be asked twice.
      timeoutMs: 2 * timeoutMs,
      event: async (submission) => {
        const verdict = await this.#ask(submission.event.id, eventLine(submission));
        return verdict.action === "shadow" ? "shadow" : refusalOf(verdict);
      },
      ...hooks.includes("connect") && {
        connect: async (client) => {
          const id = this.#nextId();
          return refusalOf(await this.#ask(id, connectLine(id, client, nowMs())));
        },
      },
      ...hooks.includes("request") && {
        request: async (inquiry) => {
          const id = this.#nextId();
          const verdict = await this.#ask(id, requestLine(id, inquiry));
          // A shadowed request finds nothing.
          return verdict.action === "shadow" ? [] : refusalOf(verdict);
        },
      },
    };
  }

  /** Kills the processes. Pending questions fail. */
  close(): void {
    this.#isClosed = true;
    this.#changeTimer.cancel();
    for (const timer of this.#timers) timer.cancel();
    for (const { process } of this.#slots) process?.kill();
    for (const question of this.#waiting.splice(0)) question.answer(this.#failure);
  }

  get #failure(): Verdict {
    return this.#options.onFailure === "accept"
      ? { action: "accept" }
      : { action: "reject", reason: UNANSWERED };
  }

  #nextId(): string {
    return `${++this.#asked}`;
  }

  #ask(id: string, line: string): Promise<Verdict> {
    return new Promise((resolve) => {
      const deadline = this.#deadlines.set(() => this.#onTimeout(question));
      const answer = (verdict: Verdict) => {
        deadline.cancel();
        resolve(verdict);
      };
      const question: Question = { id, line, attempts: 0, answer };
      this.#waiting.push(question);
      this.#dispatch();
    });
  }

  /**
   * Fails the question. If a process has it, that process hangs: it is killed, and its other questions
   * are asked again.
   */
  #onTimeout(question: Question): void {
    question.answer(this.#failure);
    question.attempts = MAX_ATTEMPTS;
    const at = this.#waiting.indexOf(question);
    if (at >= 0) this.#waiting.splice(at, 1);
    else for (const { process } of this.#slots) if (process?.has(question)) process.kill();
  }

  #dispatch(): void {
    const { maxInFlight } = this.#options;
    while (this.#waiting.length > 0) {
      const process = this.#leastBusy();
      if (process === undefined || process.openCount >= maxInFlight) return;
      process.ask(this.#waiting.shift()!);
    }
  }

  #leastBusy(): PluginProcess | undefined {
    let least: PluginProcess | undefined;
    for (const { process } of this.#slots) {
      if (process && (least === undefined || process.openCount < least.openCount)) least = process;
    }
    return least;
  }

  #start(slot: Slot): void {
    if (this.#isClosed) return;
    const { command, log, clock } = this.#options;
    slot.startedMs = clock.monotonicMs();
    try {
      slot.process = new PluginProcess(command, log, {
        answered: () => this.#dispatch(),
        ended: (unanswered) => this.#onEnded(slot, unanswered),
      });
      this.#dispatch();
    } catch (error) {
      log.error("plugin process could not be started", { command, error: String(error) });
      this.#startLater(slot);
    }
  }

  #onEnded(slot: Slot, unanswered: readonly Question[]): void {
    slot.process = undefined;
    for (const question of unanswered) {
      if (++question.attempts < MAX_ATTEMPTS && !this.#isClosed) this.#waiting.unshift(question);
      else question.answer(this.#failure);
    }
    this.#startLater(slot);
    this.#dispatch();
  }

  #startLater(slot: Slot): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    const isSettled = clock.monotonicMs() - slot.startedMs > SETTLED_MS;
    const pauseMs = isSettled ? MIN_PAUSE_MS : slot.pauseMs;
    slot.pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    const timer = clock.after(pauseMs, () => {
      this.#timers.delete(timer);
      this.#start(slot);
    });
    this.#timers.add(timer);
  }

  /** Restarts the processes after the command's file has changed. */
  async #restartChanged(): Promise<void> {
    const changedMs = await this.#options.changedMs();
    const hasChanged = this.#changedMs !== undefined && changedMs !== this.#changedMs;
    this.#changedMs = changedMs;
    if (!hasChanged || this.#isClosed) return;
    this.#options.log.info("plugin file changed, its processes restart", {
      command: this.#options.command,
    });
    for (const slot of this.#slots) {
      slot.pauseMs = MIN_PAUSE_MS;
      slot.process?.kill();
    }
  }
}

function refusalOf(verdict: Verdict): Reason | undefined {
  return verdict.action === "reject" ? verdict.reason : undefined;
}
