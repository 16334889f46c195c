/**
 * The log as an argument: a sentence for people, fields for machines.
 *
 * @module
 */

/** What a line carries besides its sentence. Values are printed as they are. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * Where the relay says what happened. The message names the thing that happened in a few lower-case
 * words; what varies goes into the fields, so that lines can be counted.
 */
export interface Log {
  /** What a developer asks for when something is odd. */
  debug(message: string, fields?: LogFields): void;
  /** What an operator wants to have read: start, stop, recovered. */
  info(message: string, fields?: LogFields): void;
  /** Something was lost or refused that should not have been, and the relay carries on. */
  warn(message: string, fields?: LogFields): void;
  /** An operator must act. */
  error(message: string, fields?: LogFields): void;
}

/**
 * A log that keeps nothing, for embedding and for tests that do not ask.
 *
 * @example
 * ```ts
 * import { silentLog } from "./log.ts";
 *
 * silentLog.info("listening", { port: 8080 });
 * ```
 */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
