/**
 * The entry point of the program: connects the command line to the process.
 *
 * @module
 */

import { runCommandLine } from "./command_line/command_line.ts";
import { openOrReach } from "./control/reach_store.ts";
import { type Host, runCommand } from "./command_line/run_command.ts";
import type { ReadText } from "./command_line/setting_source.ts";
import { readFault } from "./system/file_fault.ts";
import { systemStreams } from "./system/streams.ts";
import { systemClock } from "./system/system_clock.ts";
import { systemRandom } from "./system/system_random.ts";
import { logUncaughtErrors } from "./system/uncaught_errors.ts";

/** Runs `args` and ends the process with the exit code. */
export async function main(args: readonly string[]): Promise<never> {
  const host: Host = {
    streams: systemStreams,
    clock: systemClock,
    random: systemRandom,
    environment: Deno.env.toObject(),
    readText,
    writeLogLine,
    openStore: openOrReach,
    exit: (code) => Deno.exit(code),
  };
  logUncaughtErrors();
  const code = await runCommandLine(args, {
    streams: systemStreams,
    run: (options, work) => runCommand(host, options, work),
  });
  return Deno.exit(code);
}

async function readText(path: string): Promise<ReadText> {
  try {
    const { isFifo } = await Deno.stat(path);
    return { text: await Deno.readTextFile(path), isPipe: isFifo === true };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: true };
    return { fault: readFault(error) };
  }
}

/** Through the console, which Deno also exports to OpenTelemetry when that is on. */
function writeLogLine(line: string): void {
  console.error(line.slice(0, -1));
}
