/**
 * `gallimimus config check`: validates the settings and prints those that are not defaults.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { defineConfigPrint } from "./config_print.ts";
import { defineConfigSchema } from "./config_schema.ts";
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
  defineConfigSchema(config, run);
  const command = config.command("check").description(
    "check all settings and show those that are not defaults",
  );
  withSettingOptions(withListenOption(command))
    .action((options: SettingOptions) => run(options, checkConfig));
}

/**
 * Prints each setting that is not a default, with its value and source. Invalid settings never get
 * here: `runCommand` reports them before any command starts.
 */
export async function checkConfig(
  { settings, origins, streams }: CommandContext,
): Promise<ExitCode> {
  let text = "";
  for (const [name, value] of settingValues(settings)) {
    const origin = origins.get(name);
    if (origin === undefined) continue;
    text += `${name} = ${JSON.stringify(withoutSecret(name, value))}  (${origin})\n`;
  }
  await streams.stdout.write(utf8(`${text}settings are valid\n`));
  return exitCode.done;
}
