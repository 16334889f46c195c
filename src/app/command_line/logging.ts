/**
 * The log of the program. Lines go through LogTape, so that a program that embeds the relay sends them
 * wherever its own lines go; the command line's own choice, standard error, is made here.
 *
 * @module
 */

import { configureSync, getLogger, type LogRecord, resetSync } from "@logtape/logtape";
import type { Log, LogFields } from "../../base/log.ts";

/** The category of every line that the relay writes. */
const CATEGORY = ["gallimimus"];

/** How lines are written. */
export interface LogStyle {
  /** The least severe lines that are written. */
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "text" | "json";
  /** Whether text may be coloured. JSON never is. */
  readonly colour: boolean;
}

/** LogTape's word for each level of ours. */
const LOGTAPE_LEVEL = { debug: "debug", info: "info", warn: "warning", error: "error" } as const;

/** Our word for each level of LogTape's; what we never write stands with its nearest. */
const LEVEL_WORD = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "error",
} as const;

/** Terminal colours: what does not matter is dim, what does is yellow or red. */
const COLOUR_CODE = { debug: "2", info: "0", warn: "33", error: "31" } as const;

/**
 * The relay's log. Lines go nowhere until LogTape is configured, here or by a host program.
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
 * Sends the relay's lines to `write`, one call a line, and gives back what ends that. Replaces an
 * earlier choice.
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
 * The style that the settings and the surroundings call for.
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

/** A value as one word: quoted when it would not look like one, so that a peer cannot forge a line. */
function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : String(value);
  return /^[!#-<>-~]+$/.test(text) ? text : JSON.stringify(text);
}
