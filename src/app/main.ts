/**
 * The program: the command line, joined to the process it runs in.
 *
 * @module
 */

import { runCommandLine } from "./command_line/command_line.ts";
import { openStore } from "./database/open_store.ts";
import { type Host, type ReadText, runCommand } from "./command_line/run_command.ts";
import { CountingLog } from "../base/counting_log.ts";
import { type LogFields, silentLog } from "../base/log.ts";
import { systemStreams } from "./system/streams.ts";
import { systemClock } from "./system/system_clock.ts";
import { systemRandom } from "./system/system_random.ts";

/**
 * Does what `args` ask and ends the process with the exit code that says how it went.
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
  catchAll();
  const code = await runCommandLine(args, {
    streams: systemStreams,
    run: (options, work) => runCommand(host, options, work),
  });
  return Deno.exit(code);
}

/**
 * The last net under everything that the runtime calls back and nobody awaits. What gets here is a fault
 * of ours: it is told, and whoever is connected stays connected.
 */
function catchAll(): void {
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

/** Before there is a log, and when the log is what failed. */
function writeFault(message: string, fields?: LogFields): void {
  console.error(JSON.stringify({ level: "error", message, ...fields }));
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
