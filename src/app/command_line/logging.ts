/**
 * Configures LogTape and formats log lines as text or JSON.
 *
 * The relay logs through LogTape so that a host program can route the relay's lines with its own.
 * The command line configures standard error as the only sink.
 *
 * @module
 */

import { configureSync, getLogger, type LogRecord, resetSync } from "@logtape/logtape";
import type { Log, LogFields } from "../../base/log.ts";

/** The LogTape category of every line that the relay writes. */
const CATEGORY = ["gallimimus"];

/** How log lines are written. */
export interface LogStyle {
  /** The lowest level that is written. */
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "text" | "json";
  /** Whether text is coloured. JSON never is. */
  readonly colour: boolean;
}

/** Our levels in LogTape's names. */
const LOGTAPE_LEVEL = { debug: "debug", info: "info", warn: "warning", error: "error" } as const;

/** LogTape's levels in our names; levels that we never write map to the nearest. */
const LEVEL_WORD = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "error",
} as const;

/** SGR codes: debug is dim, warnings yellow, errors red. */
const COLOUR_CODE = { debug: "2", info: "0", warn: "33", error: "31" } as const;

/**
 * The relay's log. Lines are discarded until LogTape is configured, by {@link configureLog} or by a
 * host program.
 */
export function relayLog(): Log {
  const logger = getLogger(CATEGORY);
  return {
    debug: (message, fields) => logger.debug(message, { ...fields }),
    info: (message, fields) => logger.info(message, { ...fields }),
    warn: (message, fields) => logger.warn(message, { ...fields }),
    error: (message, fields) => logger.error(message, { ...fields }),
  };
}

/**
 * Sends the relay's lines to `write`, one call per line, and returns a function that resets
 * LogTape. Replaces an earlier configuration.
 */
export function configureLog(style: LogStyle, write: (line: string) => void): () => void {
  const format = style.format === "json" ? jsonLine : textLine;
  configureSync({
    reset: true,
    sinks: { lines: (record) => write(format(record, style.colour)) },
    loggers: [
      { category: CATEGORY, lowestLevel: LOGTAPE_LEVEL[style.level], sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
    ],
  });
  return resetSync;
}

/**
 * Chooses the log style from the settings, the terminal and `NO_COLOR`.
 *
 * @see https://no-color.org
 */
export function logStyle(
  { level, format }: {
    readonly level: LogStyle["level"];
    readonly format: LogStyle["format"] | "auto";
  },
  { isTerminal, noColor }: { readonly isTerminal: boolean; readonly noColor: string | undefined },
): LogStyle {
  return {
    level,
    format: format !== "auto" ? format : isTerminal ? "text" : "json",
    colour: isTerminal && !noColor,
  };
}

function jsonLine(record: LogRecord): string {
  return JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: LEVEL_WORD[record.level],
    message: messageOf(record),
    ...record.properties,
  }) + "\n";
}

function textLine(record: LogRecord, colour: boolean): string {
  const time = new Date(record.timestamp).toISOString();
  const word = LEVEL_WORD[record.level];
  const level = colour ? `\x1b[${COLOUR_CODE[word]}m${word.padEnd(5)}\x1b[0m` : word.padEnd(5);
  return `${time} ${level} ${messageOf(record)}${fieldsText(record.properties as LogFields)}\n`;
}

function messageOf(record: LogRecord): string {
  return record.message.map(String).join("");
}

function fieldsText(fields: LogFields): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) text += ` ${name}=${fieldText(value)}`;
  }
  return text;
}

/**
 * A field value as one word. Values with spaces, quotes or control characters are quoted as JSON,
 * so that a peer cannot forge log lines.
 */
function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : String(value);
  return /^[!#-<>-~]+$/.test(text) ? text : JSON.stringify(text);
}
