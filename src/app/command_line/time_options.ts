/**
 * The options that bound events by time, common to commands that move events.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from "./commander.ts";

/** What commander collects for the options of {@link withTimeOptions}. */
export interface TimeOptions {
  /** Seconds since 1970, inclusive. */
  readonly since?: number;
  /** Seconds since 1970, inclusive. */
  readonly until?: number;
}

/** Adds `--since` and `--until` to a command. */
export function withTimeOptions(command: Command): Command {
  return command
    .option("--since <time>", "not older than this: seconds since 1970, or 2026-01-31", time)
    .option("--until <time>", "not newer than this: seconds since 1970, or 2026-01-31", time);
}

/** Reads a number of seconds, or a day or time of ISO 8601; a day begins at midnight UTC. */
function time(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const isIso = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z)?$/.test(text);
  const milliseconds = isIso ? Date.parse(text) : NaN;
  if (!(milliseconds >= 0)) {
    throw new InvalidArgumentError("Expected seconds since 1970, 2026-01-31 or 2026-01-31T12:00Z.");
  }
  return Math.floor(milliseconds / 1_000);
}
