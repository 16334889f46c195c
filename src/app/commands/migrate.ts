/**
 * `gallimimus migrate`: brings the schema of the database up to date, as the relay does at its start.
 *
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { type SettingOptions, withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print } from "../command_line/with_store.ts";
import { requireDatabase } from "../database/choose_database.ts";
import { updateDatabase } from "../database/open_database.ts";

interface MigrateFlags {
  /** Whether to say what would be done, and to do nothing. */
  readonly dryRun?: boolean;
  /** Whether to print one JSON object. */
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function defineMigrate(program: Command, run: RunCommand): void {
  const command = program.command("migrate")
    .description("bring the schema of the database up to date, as serve does at its start")
    .option("--dry-run", "say what is missing, and change nothing")
    .option("--json", "print one JSON object");
  withSettingOptions(command).action((options: MigrateFlags & SettingOptions) =>
    run(options, (context) => migrateSchema(context, options))
  );
}

/** Applies the migrations that are missing and prints their names. */
async function migrateSchema(
  context: CommandContext,
  { dryRun: isDry = false, json = false }: MigrateFlags,
): Promise<ExitCode> {
  const { settings, log } = context;
  if (settings.database.url === "memory:") {
    return await complain(context, "memory: has no schema: name the relay's database");
  }
  if (isDry) await requireDatabase(settings.database);
  const { migrations, indexes } = await updateDatabase(settings, log, { isDry });
  if (json) {
    await print(context, JSON.stringify({ migrations, indexes, isDry }));
    return exitCode.done;
  }
  const [apply, build] = isDry ? ["would apply", "would build"] : ["applied", "built"];
  for (const name of migrations) await print(context, `${apply} ${name}`);
  for (const name of indexes) await print(context, `${build} the index ${name}`);
  if (migrations.length + indexes.length === 0) await print(context, "the schema is up to date");
  return exitCode.done;
}
