/**
 * What a Postgres server says, in the relay's log.
 *
 * @module
 */

import type { Log } from "../../base/log.ts";

/** Takes a server's lines. */
export interface ServerLog {
  line(text: string): void;
  /** The last line that told of something wrong, or of anything; empty before the first. */
  readonly lastLine: string;
}

/** What is worth an operator's attention. Queries that fail are told by whoever asked them. */
const LEVELS: Readonly<Record<string, keyof Log>> = {
  WARNING: "warn",
  FATAL: "warn",
  PANIC: "error",
};

/**
 * Passes a server's lines on to `log`, each at the level that its severity means.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { silentLog } from "../../base/log.ts";
 * import { serverLog } from "./server_log.ts";
 *
 * const warned: unknown[] = [];
 * const server = serverLog({ ...silentLog, warn: (_, fields) => warned.push(fields) });
 * server.line("FATAL:  could not write lock file");
 * server.line("HINT:  Is the disk full?");
 * deepEqual(warned, [{ severity: "FATAL", text: "could not write lock file" }]);
 * equal(server.lastLine, "could not write lock file");
 * ```
 */
export function serverLog(log: Log): ServerLog {
  let lastLine = "";
  let isFault = false;
  return {
    line(text) {
      const [, severity = "", message = text] = /^([A-Z]+): {1,2}(.*)$/.exec(text) ?? [];
      const level = LEVELS[severity] ?? "debug";
      log[level]("database server says", { severity, text: message });
      if (level === "debug" && isFault) return;
      lastLine = message;
      isFault = level !== "debug";
    },
    get lastLine() {
      return lastLine;
    },
  };
}
