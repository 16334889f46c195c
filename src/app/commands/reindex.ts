/**
 * `gallimimus reindex`: adds events that were stored while search was off to the search index.
 *
 * @see NIP-50
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { withSettingOptions } from "../command_line/setting_options.ts";
import { complain, print } from "../command_line/with_store.ts";

/** Adds the command to the program. */
export function defineReindex(program: Command, run: RunCommand): void {
  const command = program.command("reindex")
    .description("make searchable what was stored while search was off; the relay may be running");
  withSettingOptions(command).action((options) => run(options, reindexStore));
}

/**
 * Indexes events that are missing from the search index and prints how many. May be interrupted and
 * repeated: indexed events are skipped.
 */
export async function reindexStore(context: CommandContext): Promise<ExitCode> {
  const { settings, stop } = context;
  if (!settings.search.enabled) {
    return await complain(context, "search is off: set search.enabled first");
  }
  const store = await context.openStore(undefined, { mustExist: true });
  const progress = new ProgressLine(context);
  let count = 0;
  try {
    for await (const indexed of store.reindex({ signal: stop })) {
      count += indexed;
      progress.show(() => `${count} events`);
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    await store.close();
  }
  await progress.clear();
  await print(context, `made ${count} events searchable`);
  return stop.aborted ? exitCode.interrupted : exitCode.done;
}
