/**
 * Applies settings that have changed while the relay runs.
 *
 * @module
 */

import type { Log, LogFields } from "../../base/log.ts";
import { messageOf } from "../../base/error_text.ts";
import { type LoadedSettings, problemLine, type SettingProblem } from "./load_settings.ts";
import { logSection } from "./sections/log.ts";
import {
  changeText,
  isReloadable,
  type SettingChange,
  type SettingChanges,
  settingChanges,
} from "./setting_changes.ts";
import type { Settings } from "./setting_list.ts";

/** What {@link SettingReload} needs. */
export interface SettingReloadOptions {
  /** The settings that the relay was started with. */
  readonly running: Settings;
  /** Reads and checks all sources. Never rejects. */
  load(): Promise<LoadedSettings>;
  /**
   * Names settings that cannot change in this relay, although their table says that they are
   * reloadable. Default: none.
   */
  heldBack?(read: Settings): ReadonlySet<string>;
  /**
   * Prepares what the settings need, and returns a function that applies them. Until that is called
   * nothing changes. Rejects if the settings cannot be used.
   */
  prepare(settings: Settings): Promise<() => void>;
  readonly log: Log;
  /** Applies `[log]`. */
  applyLog(settings: Settings["log"]): void;
}

/** Why the settings are read again: somebody asked for it, or the file has changed. */
type ReloadCause = "signal" | "file";

/**
 * Reads the settings again on request, one request at a time. Either all changes that need no
 * restart take effect, or, when anything is wrong, none does.
 */
export class SettingReload {
  readonly #options: SettingReloadOptions;
  #running: Settings;
  /** What was logged last, which is not repeated when the file is checked again. */
  #loggedReason: string | undefined = undefined;
  #loggedRestart = "{}";
  #inProgress: Promise<void> | undefined = undefined;
  /** What was asked for during the reload in progress. */
  #next: ReloadCause | undefined = undefined;

  constructor(options: SettingReloadOptions) {
    this.#options = options;
    this.#running = options.running;
  }

  /** The settings in use. */
  get settings(): Settings {
    return this.#running;
  }

  /**
   * Reads the settings again. Resolves when everything asked for so far is done; what went wrong is
   * in the log. Never rejects.
   */
  request(cause: ReloadCause): Promise<void> {
    if (this.#inProgress !== undefined) {
      // The reload in progress may have read the sources before they changed.
      if (this.#next !== "signal") this.#next = cause;
      return this.#inProgress;
    }
    this.#inProgress = this.#reloadAll(cause).finally(() => this.#inProgress = undefined);
    return this.#inProgress;
  }

  async #reloadAll(first: ReloadCause): Promise<void> {
    for (let cause: ReloadCause | undefined = first; cause !== undefined;) {
      this.#next = undefined;
      await this.#reload(cause);
      cause = this.#next;
    }
  }

  async #reload(cause: ReloadCause): Promise<void> {
    const { load, heldBack } = this.#options;
    const loaded = await load();
    if ("problems" in loaded) return this.#refuse(problemText(loaded.problems), cause);
    const held = heldBack?.(loaded.settings);
    const changes = settingChanges(
      this.#running,
      loaded.settings,
      (name) => isReloadable(name) && held?.has(name) !== true,
    );
    if (changes.taken.length > 0) {
      const apply = await this.#prepare(changes.settings, cause);
      if (apply === undefined) return;
      apply();
    }
    this.#loggedReason = undefined;
    this.#logChanges(changes, cause);
    this.#running = changes.settings;
  }

  /** Undefined if the settings cannot be used. */
  async #prepare(settings: Settings, cause: ReloadCause): Promise<(() => void) | undefined> {
    try {
      return await this.#options.prepare(settings);
    } catch (error) {
      this.#refuse(messageOf(error), cause);
    }
  }

  /** Logs the changes under whichever level writes more, the old one or the new one. */
  #logChanges({ settings, taken, needRestart }: SettingChanges, cause: ReloadCause): void {
    const { log, applyLog } = this.#options;
    const isLogChanged = settings.log !== this.#running.log;
    const isQuieter = severity(settings.log) > severity(this.#running.log);
    if (isLogChanged && !isQuieter) applyLog(settings.log);
    if (taken.length > 0) log.info("settings changed", changeFields(taken));
    const names = needRestart.map(({ name }) => name).join(", ");
    const fields = changeFields(needRestart);
    const isNew = JSON.stringify(fields) !== this.#loggedRestart;
    if (names !== "" && (cause === "signal" || isNew)) {
      log.warn(`needs a restart: ${names}`, fields);
    } else if (cause === "signal" && taken.length === 0) {
      log.info("settings reloaded, nothing has changed");
    }
    this.#loggedRestart = JSON.stringify(fields);
    if (isQuieter) applyLog(settings.log);
  }

  #refuse(reason: string, cause: ReloadCause): void {
    // After a signal the changed file is noticed, too.
    if (cause === "file" && reason === this.#loggedReason) return;
    this.#loggedReason = reason;
    this.#options.log.error("settings not reloaded, the previous ones remain in use", { reason });
  }
}

function severity({ level }: Settings["log"]): number {
  return logSection.settings.level.allowed.indexOf(level);
}

/** How many problems one line of the log names. */
const NAMED_PROBLEMS = 5;

function problemText(problems: readonly SettingProblem[]): string {
  const named = problems.slice(0, NAMED_PROBLEMS).map(problemLine).join("; ");
  const others = problems.length - NAMED_PROBLEMS;
  return others > 0 ? `${named}; and ${others} more` : named;
}

function changeFields(changes: readonly SettingChange[]): LogFields {
  return Object.fromEntries(changes.map((change) => [change.name, changeText(change)]));
}
