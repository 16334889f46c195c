/**
 * The relay as a process: joins the rooms that must not know each other, and runs until it is told to
 * stop.
 *
 * @module
 */

import type { CommandContext } from "./command_context.ts";
import { type ExitCode, exitCode } from "./exit_code.ts";

/** Runs the relay until `stop` aborts. */
export function serve({ log }: CommandContext): Promise<ExitCode> {
  log.error("the relay is not wired yet");
  return Promise.resolve(exitCode.failed);
}
