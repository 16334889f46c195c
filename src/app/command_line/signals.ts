/**
 * What the operating system asks of the process.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { exitCode } from "./exit_code.ts";

/** The signals that ask a process to end: from a service manager, and from a keyboard. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** The watch over the signals that end the process. */
export interface StopWatch {
  /** Aborts at the first signal: finish what must be finished, and return. */
  readonly stop: AbortSignal;
  /** Asks as a first signal does. */
  request(): void;
  /** Stops watching: signals do again what they do to any process. */
  close(): void;
}

/**
 * Calls `onHangup` whenever a SIGHUP asks to look at files again. Returns what ends that; the signal
 * then ends the process, as it does any other.
 */
export function watchHangup(onHangup: () => void): () => void {
  Deno.addSignalListener("SIGHUP", onHangup);
  return () => Deno.removeSignalListener("SIGHUP", onHangup);
}

/**
 * How long after the first signal a second one counts, milliseconds. A task runner passes on what the
 * terminal has sent to all of its processes: the same Ctrl-C then comes twice.
 */
const SECOND_SIGNAL_MS = 500;

/** Where {@link watchStopSignals} hears and what it may do. */
export interface StopWatchOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Ends the process on the spot. */
  readonly exit: (code: number) => void;
  /** Whether a SIGHUP stops too: the terminal that the process belongs to was closed. Default: no. */
  readonly stopsOnHangup?: boolean;
}

/**
 * Watches for SIGTERM and SIGINT. The first one asks; one that comes half a second later or more does
 * not: `exit` is called at once with {@link exitCode.interrupted}. SIGUSR1, which would open a debugger
 * to whoever can reach it, is passed over.
 */
export function watchStopSignals({ clock, exit, stopsOnHangup }: StopWatchOptions): StopWatch {
  const controller = new AbortController();
  let firstMs = 0;
  const onSignal = () => {
    if (!controller.signal.aborted) {
      firstMs = clock.monotonicMs();
      controller.abort();
    } else if (clock.monotonicMs() - firstMs >= SECOND_SIGNAL_MS) {
      exit(exitCode.interrupted);
    }
  };
  const ignore = () => {};
  const listeners: [Deno.Signal, () => void][] = [
    ...STOP_SIGNALS.map((signal) => [signal, onSignal] as [Deno.Signal, () => void]),
  ];
  if (Deno.build.os !== "windows") listeners.push(["SIGUSR1", ignore]);
  if (stopsOnHangup === true) listeners.push(["SIGHUP", onSignal]);
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    stop: controller.signal,
    request: () => controller.abort(),
    close() {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
