/**
 * What commands that work on the relay's events have in common.
 *
 * @module
 */

import { utf8 } from "../../base/bytes.ts";
import { visibleText } from "../../base/visible_text.ts";
import type { TidyStore } from "../../store/write/upkeep.ts";
import type { CommandContext, OpenOptions } from "./command_context.ts";
import { type ExitCode, exitCode } from "./exit_code.ts";

/**
 * Opens the store that the settings name, runs the work and closes the store. What rejects after a
 * request to stop counts as interrupted. By default the database must exist.
 */
export async function withStore(
  context: CommandContext,
  work: (store: TidyStore) => Promise<ExitCode>,
  { mustExist = true }: OpenOptions = {},
): Promise<ExitCode> {
  if (context.settings.database.url === "memory:") {
    return await complain(context, "memory: keeps nothing: name the relay's database");
  }
  const store = await context.openStore(undefined, { mustExist });
  try {
    return await work(store);
  } catch (error) {
    if (context.stop.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    await store.close();
  }
}

/**
 * Prints what is wrong, and returns the exit code: by default, the command line is wrong. What the sentence
 * quotes of a file or a program cannot drive the terminal.
 */
export async function complain(
  { streams }: Pick<CommandContext, "streams">,
  sentence: string,
  code: ExitCode = exitCode.misused,
): Promise<ExitCode> {
  await streams.stderr.write(utf8(`gallimimus: ${visibleText(sentence)}\n`));
  return code;
}

/** Prints a line on standard output; false if nobody reads it any more. */
export function print(
  { streams }: Pick<CommandContext, "streams">,
  line: string,
): Promise<boolean> {
  return streams.stdout.write(utf8(`${line}\n`));
}
