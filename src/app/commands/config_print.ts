/**
 * `gallimimus config print` and `config schema`: print the settings in use, as a configuration file, and
 * the JSON Schema of that file.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import type { Command } from "../command_line/commander.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import {
  type SettingOptions,
  withListenOption,
  WITHOUT_SETTINGS,
  withSettingOptions,
} from "../command_line/setting_options.ts";
import { settingsSchemaText } from "../settings/json_schema.ts";
import { accessPresets } from "../settings/sections/access.ts";
import { withoutSecret } from "../settings/secrets.ts";
import { settingValues } from "../settings/setting_list.ts";
import { tomlValue } from "../settings/toml_text.ts";

/** Adds the commands to `config`. */
export function defineConfigPrint(config: Command, run: RunCommand): void {
  const command = config.command("print")
    .description("print every setting with its value, where it comes from, and the presets");
  withSettingOptions(withListenOption(command))
    .action((options: SettingOptions) => run(options, printConfig));
  config.command("schema")
    .description("print the JSON Schema of the configuration file, for editors")
    .action(() => run(WITHOUT_SETTINGS, printSchema));
}

/**
 * Prints all settings as TOML, secrets masked. The comment behind each says where it comes from: its
 * default, the preset, a line of the file, the environment or a flag.
 */
export async function printConfig(context: CommandContext): Promise<ExitCode> {
  const { settings, origins, streams } = context;
  const { preset } = settings.access;
  const ofPreset = new Set(Object.keys(accessPresets[preset] ?? {}));
  const lines: string[] = [];
  let lastSection: string | undefined;
  for (const [name, value] of settingValues(settings)) {
    const [section, key] = name.split(".", 2) as [string, string];
    if (section !== lastSection) lines.push(...lastSection ? [""] : [], `[${section}]`);
    lastSection = section;
    const otherwise = ofPreset.has(name) ? `preset ${preset}` : "default";
    const origin = origins.get(name) ?? otherwise;
    lines.push(`${key} = ${tomlValue(withoutSecret(name, value))} # ${origin}`);
  }
  await streams.stdout.write(utf8([...lines, "", ...presetLines(), ""].join("\n")));
  return exitCode.done;
}

/** Comments that list the presets. */
function presetLines(): readonly string[] {
  const lines = Object.entries(accessPresets).map(([preset, values]) => {
    const parts = Object.entries(values).map(([name, value]) => `${name} = ${tomlValue(value)}`);
    return `# ${preset}: ${parts.join(", ") || "the defaults"}`;
  });
  return ["# The presets, access.preset:", ...lines];
}

/** Prints the schema. */
export async function printSchema({ streams }: CommandContext): Promise<ExitCode> {
  await streams.stdout.write(utf8(settingsSchemaText()));
  return exitCode.done;
}
