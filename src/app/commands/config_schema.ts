/**
 * `gallimimus config schema`: prints the JSON Schema of the configuration file.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import type { Command } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { WITHOUT_SETTINGS } from "../command_line/setting_options.ts";
import { settingsSchemaText } from "../settings/json_schema.ts";

/** Adds the command to `config`. */
export function defineConfigSchema(config: Command, run: RunCommand): void {
  config.command("schema")
    .description("print the JSON Schema of the configuration file, for editors")
    .action(() => run(WITHOUT_SETTINGS, printSchema));
}

/** Prints the schema. */
export async function printSchema({ streams }: CommandContext): Promise<ExitCode> {
  await streams.stdout.write(utf8(settingsSchemaText()));
  return exitCode.done;
}
