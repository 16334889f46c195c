/**
 * One thread that checks signatures, seen from outside.
 *
 * @module
 */

import type { EngineName } from "./signature_engine.ts";
import type { ToVerifyWorker } from "./verify_worker.ts";

const WORKER = new URL("./verify_worker.ts", import.meta.url);

/** Who hears of what a thread does. */
export interface VerifyThreadEvents {
  /** The answers to the oldest batch that has none yet. */
  answered(answers: Uint8Array): void;
  /** The thread is gone, and with it all its batches. Nothing follows. */
  died(reason: string): void;
}

/** A running thread. */
export interface VerifyThread {
  /** Gives it packed checks. Answers come in the same order. */
  check(packed: Uint8Array): void;
  /** Ends it. Nothing follows. */
  end(): void;
}

/** Where a thread takes what it is made of. */
export interface ThreadSources {
  /** The library of the engine `native`. Empty searches. */
  readonly library?: string;
  /** The worker's module. Another one is only for tests. */
  readonly script?: URL;
}

/** Starts a thread. */
export type StartThread = (events: VerifyThreadEvents) => VerifyThread;

/**
 * What starts threads that check with the engine called `engine`.
 */
export function threadStarter(
  engine: EngineName,
  { library = "", script = WORKER }: ThreadSources = {},
): StartThread {
  return (events) => {
    const worker = new Worker(script, { type: "module", name: "signatures" });
    // What a thread said last may be heard after its death, when its place is another's.
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
      // Unhandled, the error of a worker ends the whole process.
      event.preventDefault();
      if (over) return;
      end();
      events.died(event.message);
    };
    post({ engine, library });
    return { check: (packed) => post({ packed }), end };
  };
}
