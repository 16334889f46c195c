/**
 * The program: the command line, joined to the process it runs in.
 *
 * @module
 */

import { runCommandLine } from "./command_line.ts";
import { openStore } from "./open_store.ts";
import { type Host, type ReadText, runCommand } from "./run_command.ts";
import { systemStreams } from "./streams.ts";
import { systemClock } from "./system_clock.ts";
import { systemRandom } from "./system_random.ts";

/**
 * Does what `args` ask and ends the process with the exit code that says how it went.
 *
 * @example
 * ```ts
 * import { main } from "./main.ts";
 *
 * // Ends the process that calls it.
 * const showInfo = () => main(["info"]);
 * if (typeof showInfo !== "function") throw new Error("unexpected");
 * ```
 */
export async function main(args: readonly string[]): Promise<never> {
  const host: Host = {
    streams: systemStreams,
    clock: systemClock,
    random: systemRandom,
    environment: Deno.env.toObject(),
    readText,
    writeLogLine,
    openStore,
    exit: (code) => Deno.exit(code),
  };
  const code = await runCommandLine(args, {
    streams: systemStreams,
    run: (options, work) => runCommand(host, options, work),
  });
  return Deno.exit(code);
}

async function readText(path: string): Promise<ReadText> {
  try {
    return { text: await Deno.readTextFile(path) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: true };
    if (error instanceof Error) return { fault: error.message };
    throw error;
  }
}

/** Through the console, which Deno also hands to OpenTelemetry when that is on. */
function writeLogLine(line: string): void {
  console.error(line.slice(0, -1));
}
