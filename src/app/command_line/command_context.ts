/**
 * What a command is given to work with.
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
import type { Streams } from "../system/streams.ts";

/** Everything outside a command that it may touch. */
export interface CommandContext {
  readonly settings: Settings;
  /** Where each setting that is not a default was said, by full name. */
  readonly origins: ReadonlyMap<string, string>;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  readonly streams: Streams;
  /** Aborts when the process is asked to end. */
  readonly stop: AbortSignal;
  /** Opens the store at `url`, or else the one that the settings name. Who opens it closes it. */
  openStore(url?: string): Promise<TidyStore>;
}

/** A command's work. What it returns is the program's exit code. */
export type CommandWork = (context: CommandContext) => Promise<ExitCode>;

/** Loads the settings that `options` lead to and does the work with them, or says what is wrong. */
export type RunCommand = (options: SettingOptions, work: CommandWork) => Promise<void>;
