/**
 * The log as a parameter: a message for people, fields for machines.
 *
 * @module
 */

/** The fields of a line. Values are printed as they are. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * The relay's log. The message says what happened in a few lower-case words; what varies goes into
 * the fields, so that lines can be counted.
 */
export interface Log {
  /** For developers. */
  debug(message: string, fields?: LogFields): void;
  /** For operators: start, stop, recovery. */
  info(message: string, fields?: LogFields): void;
  /** Something was lost or refused that should not have been, and the relay continues. */
  warn(message: string, fields?: LogFields): void;
  /** An operator must act. */
  error(message: string, fields?: LogFields): void;
}

/**
 * A log that discards everything, for embedding and for tests.
 *
 * @example
 * ```ts
 * import { silentLog } from "./log.ts";
 *
 * silentLog.info("listening", { port: 8080 });
 * ```
 */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A log that adds fields to each line. Those of the line itself win. */
export function withFields(log: Log, added: LogFields): Log {
  const all = (fields: LogFields | undefined) => ({ ...added, ...fields });
  return {
    debug: (message, fields) => log.debug(message, all(fields)),
    info: (message, fields) => log.info(message, all(fields)),
    warn: (message, fields) => log.warn(message, all(fields)),
    error: (message, fields) => log.error(message, all(fields)),
  };
}
