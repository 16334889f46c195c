/**
 * Logs errors that nothing caught.
 *
 * @module
 */

import { CountingLog } from "../../base/counting_log.ts";
import { describeError } from "../../base/error_text.ts";
import { type LogFields, silentLog } from "../../base/log.ts";
import { systemClock } from "./system_clock.ts";

/**
 * Logs errors that nothing caught in this thread. They are bugs, but ending the thread would close
 * every connection.
 */
export function logUncaughtErrors(): void {
  const log = new CountingLog({ log: { ...silentLog, error: writeFault }, clock: systemClock });
  const told = (error: unknown) => log.error("unexpected error", { error: describeError(error) });
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
