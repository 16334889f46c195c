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
import { visibleText } from "../../base/visible_text.ts";
import { type AddressOptions, withShownAddress } from "../log_addresses.ts";
import type { Settings } from "../settings/setting_list.ts";

/** The LogTape category of every line that the relay writes. */
const CATEGORY = ["gallimimus"];

/** A level, the least severe first in {@link LEVELS}. */
type Level = "debug" | "info" | "warn" | "error";

const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/** How log lines are written. */
export interface LogStyle extends AddressOptions {
  /** The lowest level that is written. */
  readonly level: Level;
  /** The lowest levels of the parts that have one of their own. */
  readonly parts: ReadonlyMap<string, Level>;
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
  const lines = (record: LogRecord) => {
    if (!isWritten(record, style)) return;
    const properties = withShownAddress(record.properties, style);
    write(format({ ...record, properties }, style.colour));
  };
  const lowest = LEVELS.find((level) =>
    level === style.level || style.parts.values().some((of) => of === level)
  );
  configureSync({
    reset: true,
    sinks: { lines },
    loggers: [
      { category: CATEGORY, lowestLevel: LOGTAPE_LEVEL[lowest ?? style.level], sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
    ],
  });
  return resetSync;
}

function isWritten({ level, properties: { part } }: LogRecord, style: LogStyle): boolean {
  const lowest = (typeof part === "string" && style.parts.get(part)) || style.level;
  return LEVELS.indexOf(LEVEL_WORD[level]) >= LEVELS.indexOf(lowest);
}

/** The process, as far as the style of its log depends on it. */
interface LogSurroundings {
  readonly isTerminal: boolean;
  readonly noColor: string | undefined;
  readonly addressSecret: Uint8Array;
}

/**
 * Chooses the log style from the settings, the terminal and `NO_COLOR`.
 *
 * @see https://no-color.org
 */
export function logStyle(
  { level, parts, format, addresses }: Pick<
    Settings["log"],
    "level" | "parts" | "format" | "addresses"
  >,
  { isTerminal, noColor, addressSecret }: LogSurroundings,
): LogStyle {
  return {
    level,
    // The settings have checked the form: part=level.
    parts: new Map(parts.map((text) => text.split("=") as [string, Level])),
    format: format !== "auto" ? format : isTerminal ? "text" : "json",
    colour: isTerminal && !noColor,
    addresses,
    secret: addressSecret,
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
 * so that a peer cannot forge log lines or drive a terminal.
 */
function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : String(value);
  return /^[!#-<>-~]+$/.test(text) ? text : visibleText(JSON.stringify(text));
}
