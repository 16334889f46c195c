/**
 * `gallimimus migrate-store`: copies everything from one database to another.
 *
 * @module
 */

import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "../command_line/commander.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { dayOf } from "../transfer/survey_totals.ts";
import { copyStore, type CopyTally } from "../transfer/copy_store.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { databaseKind, embeddedDirectory } from "../database/database_url.ts";
import { SqlStore } from "../../store/sql_store.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print } from "../command_line/with_store.ts";

interface MigrateStoreArguments {
  readonly from: string;
  readonly to: string;
}

/** Adds the command to the program. */
export function defineMigrateStore(program: Command, run: RunCommand): void {
  const command = program.command("migrate-store")
    .description("copy everything from one database to another; may be repeated until it is done")
    .argument("<from>", "pglite:DIR, managed:DIR or postgres://…", lastingDatabase)
    .argument("<to>", "the same, and another one", lastingDatabase);
  withSettingOptions(command)
    .action((from: string, to: string, options: SettingOptions) =>
      run(options, (context) => migrateStore(context, { from, to }))
    );
}

/** Copies tombstones, events and rules, and prints the counts. The source is not changed. */
export async function migrateStore(
  context: CommandContext,
  { from, to }: MigrateStoreArguments,
): Promise<ExitCode> {
  const { stop, clock } = context;
  if (placeOf(from) === placeOf(to)) {
    return await complain(context, "both databases are the same");
  }
  const source = await context.openStore(from, { isAlone: true, mustExist: true });
  try {
    const target = await context.openStore(to, { isAlone: true });
    try {
      if (source instanceof SqlStore && target instanceof SqlStore) {
        await source.copyTombstonesTo(target);
      }
      const progress = new ProgressLine(context);
      const onProgress = (tally: CopyTally) =>
        progress.show(() => `${countsOf(tally)}, back to ${dayOf(tally.createdAt ?? 0)}`);
      const tally = await target.fill(() =>
        copyStore(source, target, { signal: stop, onProgress })
      );
      await progress.clear();
      // Last: `rules()` makes the source hide banned events, which would then not be copied.
      const rules = await source.rules();
      const atS = Math.floor(clock.nowMs() / 1000);
      if (rules.length > 0) await target.changeRules(rules, { who: "migrate-store", atS });
      await print(context, countsOf(tally));
      return tally.unreadable === 0 ? exitCode.done : exitCode.failed;
    } finally {
      await target.close();
    }
  } catch (error) {
    if (stop.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    await source.close();
  }
}

function countsOf({ outcomes, unreadable }: CopyTally): string {
  const counts = {
    stored: 0,
    duplicate: 0,
    superseded: 0,
    deleted: 0,
    ...Object.fromEntries(outcomes),
  };
  const all = unreadable === 0 ? counts : { ...counts, unreadable };
  return Object.entries(all).map(([name, count]) => `${name} ${count}`).join(", ");
}

/** A directory may be written in several ways. */
function placeOf(url: string): string {
  const path = embeddedDirectory(url);
  return path === undefined ? url : `${databaseKind(url)}:${resolve(path)}`;
}

function lastingDatabase(url: string): string {
  if (/^(?:(?:pglite|managed):.|postgres(?:ql)?:\/\/.)/.test(url)) return url;
  throw new InvalidArgumentError("Expected pglite:DIR, managed:DIR or postgres://….");
}
