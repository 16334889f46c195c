/**
 * Defines the command line, runs the chosen command and reports usage errors.
 *
 * @module
 */

import { Command, CommanderError } from "./commander.ts";
import { utf8 } from "../../base/bytes.ts";
import type { CommandWork, RunCommand } from "./command_context.ts";
import { defineBackup } from "../commands/backup.ts";
import { defineCheck } from "../commands/check.ts";
import { defineConfig } from "../commands/config_check.ts";
import { defineExport } from "../commands/export.ts";
import { defineImport } from "../commands/import.ts";
import { defineInfo } from "../commands/info.ts";
import { defineKeygen } from "../commands/keygen.ts";
import { defineModeration } from "../commands/moderation.ts";
import { defineMigrate } from "../commands/migrate.ts";
import { defineMigrateStore } from "../commands/migrate_store.ts";
import { defineQuery } from "../commands/query.ts";
import { defineReindex } from "../commands/reindex.ts";
import { defineStats } from "../commands/stats.ts";
import { defineSync } from "../commands/sync.ts";
import { defineDownload } from "../commands/download.ts";
import { defineRestore } from "../commands/restore.ts";
import { defineServe } from "../commands/serve.ts";
import { defineStream } from "../commands/stream.ts";
import { defineTop } from "../commands/top.ts";
import { defineUpgrade } from "../commands/upgrade.ts";
import { defineUpload } from "../commands/upload.ts";
import { type ExitCode, exitCode } from "./exit_code.ts";
import type { SettingOptions } from "./setting_options.ts";
import type { Output } from "../system/streams.ts";
import { version } from "../version.ts";

/** The commands in the order of the help text. */
const COMMANDS: readonly ((program: Command, run: RunCommand) => void)[] = [
  defineServe,
  defineImport,
  defineExport,
  defineQuery,
  defineStats,
  defineTop,
  defineCheck,
  defineMigrate,
  defineBackup,
  defineRestore,
  defineMigrateStore,
  defineUpgrade,
  defineSync,
  defineDownload,
  defineUpload,
  defineStream,
  defineReindex,
  defineModeration,
  defineConfig,
  defineKeygen,
  defineInfo,
];

/** Adds all commands to the program, each of which is run by `run`. */
export function defineCommands(program: Command, run: RunCommand): void {
  for (const define of COMMANDS) define(program, run);
}

/** Where help and usage errors are written, and what runs a command. */
interface CommandLineHost {
  readonly streams: { readonly stdout: Output; readonly stderr: Output };
  run(options: SettingOptions, work: CommandWork): Promise<ExitCode>;
}

/**
 * Parses `args`, runs the command and returns the exit code. Help that was asked for goes to
 * standard output, help after a usage error to standard error.
 */
export async function runCommandLine(
  args: readonly string[],
  host: CommandLineHost,
): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  const said = { stdout: "", stderr: "" };
  const program = new Command("gallimimus")
    .description("A Nostr relay on Deno and Postgres.")
    .version(version)
    .exitOverride()
    .showHelpAfterError("(--help shows what there is; options stand after the command)")
    .configureOutput({
      writeOut: (text) => said.stdout += text,
      writeErr: (text) => said.stderr += text,
    });
  defineCommands(program, async (options, work) => {
    code = await host.run(options, work);
  });
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? exitCode.done : exitCode.misused;
  }
  if (said.stdout) await host.streams.stdout.write(utf8(said.stdout));
  if (said.stderr) await host.streams.stderr.write(utf8(said.stderr));
  return code;
}
