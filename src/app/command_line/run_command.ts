/**
 * Runs a command: loads the settings, configures log and signals, and turns errors into exit codes.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import type { CommandWork, OpenOptions } from "./command_context.ts";
import { type ExitCode, exitCode } from "./exit_code.ts";
import { failureText } from "./failure_text.ts";
import { loadSettings, problemLine, UnusableSetting } from "../settings/load_settings.ts";
import { ADDRESS_SECRET_BYTES } from "../log_addresses.ts";
import { configureLog, logStyle, relayLog } from "./logging.ts";
import { type Settings, settingsOn } from "../settings/setting_list.ts";
import { watchRunner } from "./runner_watch.ts";
import { type SettingOptions, WITHOUT_SETTINGS } from "./setting_options.ts";
import { type SettingHost, SettingSource } from "./setting_source.ts";
import { watchStopSignals } from "./signals.ts";
import { complain } from "./with_store.ts";
import type { Streams } from "../system/streams.ts";

/** The process that a command runs in, as an argument. */
export interface Host extends SettingHost {
  readonly streams: Streams;
  readonly clock: Clock;
  readonly random: Random;
  /** Writes one line of the log without waiting. */
  writeLogLine(line: string): void;
  openStore(settings: Settings, log: Log, options: OpenOptions): Promise<TidyStore>;
  /** Ends the process immediately. */
  exit(code: number): void;
}

/**
 * Loads the settings, runs the work and returns the exit code. Failures are written to standard
 * error as one line.
 */
export async function runCommand(
  host: Host,
  options: SettingOptions,
  work: CommandWork,
): Promise<ExitCode> {
  const source = options === WITHOUT_SETTINGS
    ? { path: undefined, load: () => Promise.resolve(loadSettings({})) }
    : new SettingSource(host, options);
  const loaded = await source.load();
  if ("problems" in loaded) {
    for (const problem of loaded.problems) await complain(host, problemLine(problem));
    return exitCode.misused;
  }
  const { settings, origins } = loaded;
  const { isTerminal } = host.streams.stderr;
  const addressSecret = host.random.bytes(ADDRESS_SECRET_BYTES);
  const noColor = host.environment["NO_COLOR"];
  const applyLog = (changed: Settings["log"]) => {
    const style = logStyle(changed, { isTerminal, noColor, addressSecret });
    return configureLog(style, (line) => host.writeLogLine(line));
  };
  const endLog = applyLog(settings.log);
  const log = relayLog();
  const watch = watchStopSignals({
    clock: host.clock,
    exit: (code) => host.exit(code),
    stopsOnHangup: isTerminal,
  });
  const endRunnerWatch = watchRunner(host, () => watch.request());
  const { streams, clock, random, environment } = host;
  try {
    return await work({
      ...{ settings, origins, source, applyLog, log, addressSecret },
      ...{ clock, random, streams, environment, stop: watch.stop },
      openStore: (url = settings.database.url, options = {}) =>
        host.openStore(settingsOn(url, settings), log, options),
    });
  } catch (error) {
    const { sentence, code } = commandFailure(error, origins);
    return await complain(host, sentence, code);
  } finally {
    await endRunnerWatch();
    watch.close();
    endLog();
  }
}

/** What is printed of an error with which a command ended, and the exit code. */
export function commandFailure(
  error: unknown,
  origins: ReadonlyMap<string, string>,
): { readonly sentence: string; readonly code: ExitCode } {
  if (!(error instanceof UnusableSetting)) {
    return { sentence: failureText(error), code: exitCode.failed };
  }
  const origin = origins.get(error.setting) ?? "default";
  return { sentence: `${origin}: ${error.message}`, code: exitCode.misused };
}
