/**
 * `gallimimus backup`: writes all that the store holds into a directory.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { UnusableBackup } from "../backup/manifest.ts";
import { type BackupReport, writeBackup } from "../backup/write_backup.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print, withStore } from "../command_line/with_store.ts";
import { ownKeyPath } from "../own_key.ts";

interface BackupFlags {
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function defineBackup(program: Command, run: RunCommand): void {
  const command = program.command("backup")
    .description("write events, tombstones, rules and the relay's key into a new directory")
    .argument("<dir>", "the directory, which appears when the backup is complete")
    .option("--json", "print one JSON object");
  withSettingOptions(command).action((path: string, options: BackupFlags & SettingOptions) =>
    run(options, (context) => backUp(context, path, options))
  );
}

/** Writes the backup and prints what it has. */
export async function backUp(
  context: CommandContext,
  path: string,
  { json = false }: BackupFlags,
): Promise<ExitCode> {
  const { settings, clock, stop } = context;
  return await withStore(context, async (store) => {
    const { state } = store;
    if (state === undefined) return await complain(context, "backup: this store keeps nothing");
    const progress = new ProgressLine(context);
    try {
      const about = (await store.size()).events;
      const report = await writeBackup(path, {
        ...{ state, store, clock, signal: stop, keyPath: ownKeyPath(settings) },
        onProgress: (events) =>
          progress.show(() => `${events} events of about ${Math.max(events, about)}`),
      });
      await progress.clear();
      await print(context, json ? JSON.stringify({ ...report, path }) : textOf(report, path));
      return report.unreadable === 0 ? exitCode.done : exitCode.failed;
    } catch (error) {
      await progress.clear();
      if (stop.aborted) {
        return await complain(context, `interrupted: there is no ${path}`, exitCode.interrupted);
      }
      if (!(error instanceof UnusableBackup)) throw error;
      return await complain(context, `backup: ${error.message}`, exitCode.failed);
    }
  });
}

function textOf({ counts, horizon, unreadable }: BackupReport, path: string): string {
  const { events, tombstones, rules } = counts;
  const lines = [
    `backed up ${events} events, ${tombstones} tombstones and ${rules} rules to ${path}`,
    `it has all that was acknowledged before ${horizon}`,
  ];
  if (unreadable > 0) {
    lines.push(`left out ${unreadable} rows that are no events: gallimimus check names them`);
  }
  return lines.join("\n");
}
