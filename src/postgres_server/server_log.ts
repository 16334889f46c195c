/**
 * Forwards the log of a Postgres server to the relay's.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

/** Receives the lines of a server. */
export interface ServerLog {
  line(text: string): void;
  /** The last line about a problem, or else the last line; empty before the first. */
  readonly lastLine: string;
}

/** The severities that concern an operator. Failed queries are reported by their callers. */
const LEVELS: Readonly<Record<string, keyof Log>> = {
  WARNING: "warn",
  FATAL: "warn",
  PANIC: "error",
};

/** The answer to connections during start, recovery and shutdown; whoever connects reports it. */
const REFUSAL = /^the database system is /;

/** A process of the server was killed. The server ends all connections and recovers by itself. */
const CRASH = /^.+ \(PID \d+\) was terminated by /;

/** How long a message is not repeated, milliseconds: each process of the server may log it. */
const REPEAT_MS = 60_000;

/** Forwards a server's lines to `log`, each at the level that it has for an operator. */
export function serverLog(log: Log, clock: Clock): ServerLog {
  let lastLine = "";
  let isFault = false;
  let told = { text: "", untilMs: 0 };
  const isRepeated = (text: string) => {
    const nowMs = clock.monotonicMs();
    if (text === told.text && nowMs < told.untilMs) return true;
    told = { text, untilMs: nowMs + REPEAT_MS };
    return false;
  };
  return {
    line(text) {
      const [, severity = "", message = text] = /^([A-Z]+): {1,2}(.*)$/.exec(text) ?? [];
      const level = levelOf(severity, message);
      const isNews = level !== "debug";
      log[isNews && isRepeated(message) ? "debug" : level]("database server says", {
        severity,
        text: message,
      });
      if (!isNews && isFault) return;
      lastLine = message;
      isFault = isNews;
    },
    get lastLine() {
      return lastLine;
    },
  };
}

function levelOf(severity: string, message: string): keyof Log {
  if (severity === "LOG" && CRASH.test(message)) return "error";
  if (severity === "FATAL" && REFUSAL.test(message)) return "debug";
  return LEVELS[severity] ?? "debug";
}
