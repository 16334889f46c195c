/**
 * `gallimimus reindex`: adds events that were stored while search was off to the search index.
 *
 * @see NIP-50
 * @module
 */

import type { Command } from "../command_line/commander.ts";
import { utf8 } from "../../base/bytes.ts";
import type { CommandContext, RunCommand } from "../command_line/command_context.ts";
import { type ExitCode, exitCode } from "../command_line/exit_code.ts";
import { ProgressLine } from "../command_line/progress_line.ts";
import { withSettingOptions } from "../command_line/setting_options.ts";

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
  const { settings, streams: { stdout, stderr }, stop } = context;
  if (!settings.search.enabled) {
    await stderr.write(utf8("gallimimus: search is off: set search.enabled first\n"));
    return exitCode.misused;
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
  await stdout.write(utf8(`made ${count} events searchable\n`));
  return stop.aborted ? exitCode.interrupted : exitCode.done;
}
