/**
 * `gallimimus info`: prints versions, addresses, database and signature engine, for bug reports.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { chooseDatabase } from "../database/choose_database.ts";
import { withoutPassword } from "../settings/secrets.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import type { Settings } from "../settings/setting_list.ts";
import { AUTOMATIC_WORKERS } from "../settings/sections/signatures.ts";
import {
  type SettingOptions,
  withListenOption,
  withSettingOptions,
} from "../command_line/setting_options.ts";
import { version } from "../version.ts";

/** Adds the command to the program. */
export function defineInfo(program: Command, run: RunCommand): void {
  const command = program.command("info").description("show versions, addresses and the database");
  withSettingOptions(withListenOption(command))
    .action((options: SettingOptions) => run(options, showInfo));
}

/** Prints one `name: value` line per fact. Passwords are left out. */
export async function showInfo({ settings, streams }: CommandContext): Promise<ExitCode> {
  const facts: readonly [string, string][] = [
    ["gallimimus", version],
    ["deno", `${Deno.version.deno} (V8 ${Deno.version.v8})`],
    ["platform", Deno.build.target],
    ["processors", String(navigator.hardwareConcurrency)],
    ["listen", listenLine(settings.network)],
    ["database", withoutPassword((await chooseDatabase(settings.database)).url)],
    ["signatures", signaturesLine(settings.signatures)],
  ];
  const text = facts.map(([name, value]) => `${name}: ${value}\n`).join("");
  await streams.stdout.write(utf8(text));
  return exitCode.done;
}

/** The addresses, with the path if it is not `/`. */
function listenLine({ listen, path }: Settings["network"]): string {
  return `${listen.join(", ")}${path === "/" ? "" : ` (path ${path})`}`;
}

function signaturesLine({ engine, workers }: Settings["signatures"]): string {
  return `${engine}, ${workers === AUTOMATIC_WORKERS ? "auto" : workers} workers`;
}
