/**
 * The entry point of the program: connects the command line to the process.
 *
 * @module
 */

import { runCommandLine } from "./command_line/command_line.ts";
import { openOrReach } from "./control/reach_store.ts";
import { type Host, runCommand } from "./command_line/run_command.ts";
import type { ReadText } from "./command_line/setting_source.ts";
import { CountingLog } from "../base/counting_log.ts";
import { type LogFields, silentLog } from "../base/log.ts";
import { systemStreams } from "./system/streams.ts";
import { systemClock } from "./system/system_clock.ts";
import { systemRandom } from "./system/system_random.ts";

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

/**
 * Logs errors that nothing caught. They are bugs, but ending the process would close every
 * connection.
 */
function logUncaughtErrors(): void {
  const log = new CountingLog({ log: { ...silentLog, error: writeFault }, clock: systemClock });
  const told = (error: unknown) => {
    log.error("unexpected error", { error: error instanceof Error ? error.stack : String(error) });
  };
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    told(event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    told(event.error);
  });
}

/** Writes without the log, which may not exist yet or may be what failed. */
function writeFault(message: string, fields?: LogFields): void {
  console.error(JSON.stringify({ level: "error", message, ...fields }));
}

async function readText(path: string): Promise<ReadText> {
  try {
    const { isFifo } = await Deno.stat(path);
    return { text: await Deno.readTextFile(path), isPipe: isFifo === true };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { missing: true };
    if (error instanceof Error) return { fault: error.message };
    throw error;
  }
}

/** Through the console, which Deno also exports to OpenTelemetry when that is on. */
function writeLogLine(line: string): void {
  console.error(line.slice(0, -1));
}
