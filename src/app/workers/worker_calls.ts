/**
 * What the main thread and the threads of the relay say to each other.
 *
 * The main thread calls, and each call is answered. Messages are structured clones: plain values.
 *
 * @module
 */

import type { SharedTable } from "../../base/shared_table.ts";
import type { Metric } from "../../http/metrics_text.ts";
import type { GateCounts } from "../../net/server/admission.ts";
import { StoreUnavailable } from "../../store/event_store.ts";
import type { Activity } from "../activity/activity.ts";
import type { StoreAccess } from "./store_messages.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import type { Settings } from "../settings/setting_list.ts";

/** A table for each admission of a server, and one for all rates. */
export type SharedTables = Readonly<Record<keyof GateCounts | "rates", SharedTable>>;

/** What a thread is started with. */
export interface WorkerStart {
  /** Its number, from 1. The first one does what has to be done once. */
  readonly number: number;
  /** The share of this thread, see `worker_settings.ts`. */
  readonly settings: Settings;
  /** How many long queries it may run at once; undefined leaves it to its pool. */
  readonly longQueries: number | undefined;
  /** Where the database is, if it is embedded. */
  readonly directory: string | undefined;
  /** When the process was started, milliseconds since 1970. */
  readonly startedMs: number;
  /** Where all threads count what a client does. */
  readonly tables: SharedTables;
  /** The name of the channel between the threads, where each opens the database itself. */
  readonly channel: string;
  /** The store that another thread has; undefined where each opens the database itself. */
  readonly store: StoreAccess | undefined;
  /** The relay's own public key. */
  readonly self: string | undefined;
  /** For hashed addresses in the log. */
  readonly addressSecret: Uint8Array<ArrayBuffer>;
}

/** Settings with a number that tells them from those before. */
export interface NumberedSettings {
  readonly version: number;
  readonly settings: Settings;
}

/** The calls: what each takes and gives. */
export interface WorkerCalls {
  /** Takes the lock of this name for as long as the thread lives. */
  hold: { takes: string; gives: void };
  /** Opens the store and starts the relay. */
  start: { takes: WorkerStart; gives: void };
  /** Accepts connections at an address that is shared with the other threads, and gives the URL. */
  listen: { takes: string; gives: string };
  /** Makes new settings ready. */
  prepare: { takes: NumberedSettings; gives: void };
  /** Puts settings into force, those that were made ready if it has them. */
  apply: { takes: NumberedSettings; gives: void };
  /** Reads the certificates again if their files have changed. */
  reloadCertificates: { takes: undefined; gives: void };
  metrics: { takes: undefined; gives: readonly Metric[] };
  /** What this thread does just now and for whom. */
  activity: { takes: undefined; gives: Activity };
  /** Gives the number of open connections. It shows that the thread is alive. */
  probe: { takes: undefined; gives: number };
  /** Shuts down in order. */
  close: { takes: undefined; gives: void };
}

/** The name of a call. */
export type CallName = keyof WorkerCalls;

/** A message to a thread. */
export type CallMessage = {
  [Name in CallName]: {
    readonly id: number;
    readonly name: Name;
    readonly argument: WorkerCalls[Name]["takes"];
  };
}[CallName];

/** A message from a thread. */
export type AnswerMessage =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: SentError };

/** An error as a plain value. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  /** Of errors of the system, such as `EADDRINUSE`. */
  readonly code?: string | undefined;
  /** Of an `UnusableSetting`. */
  readonly setting?: string | undefined;
}

/** Makes a plain value of an error. */
export function errorToSend(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack } = error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const setting = error instanceof UnusableSetting ? error.setting : undefined;
  return { name, message, stack, code, setting };
}

/** The error again, of the class that the command line tells apart. */
export function errorReceived({ name, message, stack, code, setting }: SentError): Error {
  if (setting !== undefined) {
    return new UnusableSetting(setting, message.slice(`${setting}: `.length));
  }
  if (name === "StoreUnavailable") return new StoreUnavailable(message);
  const error = Object.assign(new Error(message), { name }, code !== undefined && { code });
  if (stack !== undefined) error.stack = stack;
  return error;
}
