/**
 * What a Postgres server says, in the relay's log.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

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

/** What it says to whoever connects while it starts, recovers or stops; those who do tell of it. */
const REFUSAL = /^the database system is /;

/** One of its processes was killed: it ends all connections and recovers by itself. */
const CRASH = /^.+ \(PID \d+\) was terminated by /;

/** For how long the same sentence is told once, milliseconds: each process of the server may say it. */
const REPEAT_MS = 60_000;

/**
 * Passes a server's lines on to `log`, each at the level that it has for an operator.
 */
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
