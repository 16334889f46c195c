/**
 * Defines the command line, runs the chosen command and reports usage errors.
 *
 * @module
 */

import { Command, CommanderError } from "./commander.ts";
import { utf8 } from "../../base/bytes.ts";
import type { CommandWork, RunCommand } from "./command_context.ts";
import { type ExitCode, exitCode } from "./exit_code.ts";
import type { SettingOptions } from "./setting_options.ts";
import type { Output } from "../system/streams.ts";
import { version } from "../version.ts";

/** Adds commands to the program, each of which is run by `run`. */
type Define = (program: Command, run: RunCommand) => void;

/**
 * What defines the commands of these names, in the order of the help text. Imported late: what the
 * other commands need takes `serve` memory for as long as it runs, and all of them time.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Define>>> = {
  "serve": async () => (await import("../commands/serve.ts")).defineServe,
  "import": async () => (await import("../commands/import.ts")).defineImport,
  "export": async () => (await import("../commands/export.ts")).defineExport,
  "query count delete": async () => (await import("../commands/query.ts")).defineQuery,
  "stats": async () => (await import("../commands/stats.ts")).defineStats,
  "top": async () => (await import("../commands/top.ts")).defineTop,
  "check": async () => (await import("../commands/check.ts")).defineCheck,
  "migrate": async () => (await import("../commands/migrate.ts")).defineMigrate,
  "backup": async () => (await import("../commands/backup.ts")).defineBackup,
  "restore": async () => (await import("../commands/restore.ts")).defineRestore,
  "migrate-store": async () => (await import("../commands/migrate_store.ts")).defineMigrateStore,
  "upgrade": async () => (await import("../commands/upgrade.ts")).defineUpgrade,
  "sync": async () => (await import("../commands/sync.ts")).defineSync,
  "download": async () => (await import("../commands/download.ts")).defineDownload,
  "upload": async () => (await import("../commands/upload.ts")).defineUpload,
  "stream": async () => (await import("../commands/stream.ts")).defineStream,
  "reindex": async () => (await import("../commands/reindex.ts")).defineReindex,
  "ban unban allow disallow list reports audit": async () =>
    (await import("../commands/moderation.ts")).defineModeration,
  "config": async () => (await import("../commands/config_check.ts")).defineConfig,
  "keygen": async () => (await import("../commands/keygen.ts")).defineKeygen,
  "info": async () => (await import("../commands/info.ts")).defineInfo,
};

/**
 * Adds the commands to the program, each of which is run by `run`: those that are defined with
 * `name`, or all if it is the name of none.
 */
export async function defineCommands(
  program: Command,
  run: RunCommand,
  name?: string,
): Promise<void> {
  const all = Object.entries(COMMANDS);
  const named = all.filter(([names]) => name !== undefined && names.split(" ").includes(name));
  const wanted = named.length > 0 ? named : all;
  const definitions = await Promise.all(wanted.map(([, load]) => load()));
  for (const define of definitions) define(program, run);
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
  const run: RunCommand = async (options, work) => {
    code = await host.run(options, work);
  };
  await defineCommands(program, run, args[0]);
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
