/**
 * The arguments that every command receives.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import type { ExitCode } from "./exit_code.ts";
import type { Settings } from "../settings/setting_list.ts";
import type { SettingOptions } from "./setting_options.ts";
import type { SettingSource } from "./setting_source.ts";
import type { Streams } from "../system/streams.ts";

/** How a store is opened. */
export interface OpenOptions {
  /** Whether only this process may use it, and no other one is asked instead. Default: no. */
  readonly isAlone?: boolean;
  /** Whether an embedded database that does not exist is an error, instead of made. Default: no. */
  readonly mustExist?: boolean;
}

/** Everything outside itself that a command may use. */
export interface CommandContext {
  readonly settings: Settings;
  /** The source of each setting that is not a default, by full name. */
  readonly origins: ReadonlyMap<string, string>;
  /** Where the settings come from, to read them again. */
  readonly source: Pick<SettingSource, "path" | "load">;
  /** Applies new values of `[log]`. */
  applyLog(settings: Settings["log"]): void;
  readonly log: Log;
  /** For hashed addresses in the log. */
  readonly addressSecret: Uint8Array<ArrayBuffer>;
  readonly clock: Clock;
  readonly random: Random;
  readonly streams: Streams;
  /** The environment, for what must stand neither in the settings nor on the command line. */
  readonly environment: Readonly<Record<string, string>>;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
  /**
   * Opens the store at `url`, by default the one that the settings name. The caller closes it. If a
   * running relay has an embedded database open, it is the relay's own store.
   */
  openStore(url?: string, options?: OpenOptions): Promise<TidyStore>;
}

/** The work of a command; returns the exit code of the program. */
export type CommandWork = (context: CommandContext) => Promise<ExitCode>;

/** Loads the settings given by `options` and runs the work, or reports what is wrong with them. */
export type RunCommand = (options: SettingOptions, work: CommandWork) => Promise<void>;
