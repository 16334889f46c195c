/**
 * `gallimimus config check`: says what would keep the relay from starting, and prints the settings
 * that are not defaults.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import { type Log, silentLog } from "../../base/log.ts";
import { commandFailure } from "../command_line/run_command.ts";
import { complain } from "../command_line/with_store.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { defineConfigImport } from "./config_import.ts";
import { defineConfigPrint } from "./config_print.ts";
import { withoutSecret } from "../settings/secrets.ts";
import { settingValues } from "../settings/setting_list.ts";
import {
  type SettingOptions,
  withListenOption,
  withSettingOptions,
} from "../command_line/setting_options.ts";

/** Adds `config` with its commands to the program. */
export function defineConfig(program: Command, run: RunCommand): void {
  const config = program.command("config").description("look at the settings");
  defineConfigPrint(config, run);
  defineConfigImport(config, run);
  const command = config.command("check").description(
    "check all settings and the files that they name, and show what is not a default",
  ).option("--running", "beside a relay that runs: do not try to listen at its addresses");
  withSettingOptions(withListenOption(command))
    .action((options: SettingOptions & CheckOptions) =>
      run(options, (context) => checkConfig(context, options))
    );
}

const BESIDE_RELAY = "if this relay is what listens there: config check --running";

/** What {@link checkConfig} is told. */
export interface CheckOptions {
  /** Whether the relay runs, and has the addresses. Default: no. */
  readonly running?: boolean;
}

/** Whether another program listens at an address, perhaps the relay. */
function isAddressTaken(fault: unknown): boolean {
  return fault instanceof Error && "code" in fault && fault.code === "EADDRINUSE";
}

/**
 * Prints each setting that is not a default, with its value and source, and on standard error all that
 * would keep `serve` from starting, but for the database. Settings that are not well-formed never get
 * here: `runCommand` reports them before any command starts.
 */
export async function checkConfig(
  context: CommandContext,
  { running = false }: CheckOptions = {},
): Promise<ExitCode> {
  const { settings, origins, streams, clock } = context;
  let text = "";
  for (const [name, value] of settingValues(settings)) {
    const origin = origins.get(name);
    if (origin === undefined) continue;
    text += `${name} = ${JSON.stringify(withoutSecret(name, value))}  (${origin})\n`;
  }
  await streams.stdout.write(utf8(text));
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
  // Imported late, to keep the other commands fast to start.
  const { startFaults } = await import("../start_checks.ts");
  const faults = await startFaults({ settings, origins, log, clock }, !running);
  const failures = faults.map((fault) => commandFailure(fault, origins));
  for (const warning of warnings) await complain(context, `warning: ${warning}`);
  for (const { sentence } of failures) await complain(context, sentence);
  if (faults.some(isAddressTaken)) {
    await complain(context, BESIDE_RELAY);
  }
  if (failures.length > 0) {
    const isMisused = failures.some(({ code }) => code === exitCode.misused);
    return isMisused ? exitCode.misused : exitCode.failed;
  }
  await streams.stdout.write(utf8("settings are valid\n"));
  return exitCode.done;
}
