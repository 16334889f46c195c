/**
 * What the operating system asks of the process.
 *
 * @module
 */

import { exitCode } from "./exit_code.ts";

/** The signals that ask a process to end: from a service manager, and from a keyboard. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** The watch over the signals that end the process. */
export interface StopWatch {
  /** Aborts at the first signal: finish what must be finished, and return. */
  readonly stop: AbortSignal;
  /** Stops watching: signals do again what they do to any process. */
  close(): void;
}

/**
 * Calls `onHangup` whenever a SIGHUP asks to look at files again. Returns what ends that; the signal
 * then ends the process, as it does any other.
 *
 * @example
 * ```ts
 * import { watchHangup } from "./signals.ts";
 *
 * const ignore = watchHangup(() => {});
 * ignore();
 * ```
 */
export function watchHangup(onHangup: () => void): () => void {
  Deno.addSignalListener("SIGHUP", onHangup);
  return () => Deno.removeSignalListener("SIGHUP", onHangup);
}

/**
 * Watches for SIGTERM and SIGINT. The first one asks, the second one does not: `exit` is called at once
 * with {@link exitCode.interrupted}.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { watchStopSignals } from "./signals.ts";
 *
 * const watch = watchStopSignals((code) => Deno.exit(code));
 * equal(watch.stop.aborted, false);
 * watch.close();
 * ```
 */
export function watchStopSignals(exit: (code: number) => void): StopWatch {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) exit(exitCode.interrupted);
    else controller.abort();
  };
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, onSignal);
  return {
    stop: controller.signal,
    close() {
      for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, onSignal);
    },
  };
}
