/**
 * Handles SIGTERM, SIGINT, SIGHUP and SIGUSR1.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import { exitCode } from "./exit_code.ts";

/** Sent by service managers and by Ctrl-C. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

interface StopWatch {
  /** Aborts at the first signal. */
  readonly stop: AbortSignal;
  /** Aborts {@link stop} as a first signal does. */
  request(): void;
  /** Removes the signal listeners, which restores the default actions. */
  close(): void;
}

/**
 * Calls `onHangup` on each SIGHUP. Returns a function that removes the listener; SIGHUP then ends
 * the process, which is its default action.
 */
export function watchHangup(onHangup: () => void): () => void {
  Deno.addSignalListener("SIGHUP", onHangup);
  return () => Deno.removeSignalListener("SIGHUP", onHangup);
}

/**
 * Second signals within this time of the first are ignored, milliseconds. A terminal sends SIGINT
 * to the whole process group and a task runner forwards it, so one Ctrl-C arrives twice.
 */
const SECOND_SIGNAL_MS = 500;

interface StopWatchOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Ends the process immediately. */
  readonly exit: (code: number) => void;
  /** Whether SIGHUP stops too: the terminal of the process was closed. Default: no. */
  readonly stopsOnHangup?: boolean;
}

/**
 * Watches for SIGTERM and SIGINT. The first aborts `stop`; one that comes half a second later or
 * more calls `exit` with {@link exitCode.interrupted}. SIGUSR1 is ignored: its default action opens
 * a debugger port.
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
