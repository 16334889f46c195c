/**
 * The handle of a thread that verifies signatures.
 *
 * @module
 */

import type { EngineName } from "./signature_engine.ts";
import type { ToVerifyWorker } from "./verify_worker.ts";

const WORKER = new URL("./verify_worker.ts", import.meta.url);

/** The events of a thread. */
export interface VerifyThreadEvents {
  /** The results of the oldest unanswered batch. */
  answered(answers: Uint8Array): void;
  /** The thread died, and its batches are lost. No event follows. */
  died(reason: string): void;
}

/** A running thread. */
export interface VerifyThread {
  /** Sends packed checks. Answers come in the same order. */
  check(packed: Uint8Array): void;
  /** Ends the thread. No event follows. */
  end(): void;
}

/** Where a thread loads its code from. */
interface ThreadSources {
  /** The path of the library for `native`. Empty: searched for. */
  readonly library?: string;
  /** The worker's module; replaced in tests only. */
  readonly script?: URL;
}

/** Starts a thread. */
export type StartThread = (events: VerifyThreadEvents) => VerifyThread;

/** Returns a function that starts threads with the engine called `engine`. */
export function threadStarter(
  engine: EngineName,
  { library = "", script = WORKER }: ThreadSources = {},
): StartThread {
  return (events) => {
    const worker = new Worker(script, { type: "module", name: "signatures" });
    // A message may arrive after the death, when the place has another thread.
    let over = false;
    const end = () => {
      over = true;
      worker.terminate();
    };
    const post = (message: ToVerifyWorker) => worker.postMessage(message);
    worker.onmessage = ({ data }: MessageEvent<Uint8Array>) => {
      if (!over) events.answered(data);
    };
    worker.onerror = (event) => {
      // An unhandled error of a worker would end the process.
      event.preventDefault();
      if (over) return;
      end();
      events.died(event.message);
    };
    post({ engine, library });
    return { check: (packed) => post({ packed }), end };
  };
}
