/**
 * The handle of a thread that is a relay of its own.
 *
 * @module
 */

import { lockReleased } from "../system/locks.ts";
import {
  type AnswerMessage,
  type CallMessage,
  type CallName,
  errorReceived,
  type WorkerCalls,
} from "./worker_calls.ts";

const SCRIPT = new URL("./relay_worker.ts", import.meta.url);

/** A running thread. */
export interface RelayThread {
  /**
   * Rejects with what went wrong, and with {@link ThreadEnded} when the thread ends before it answers.
   *
   * @param moved what of the argument is given away; default: nothing
   */
  call<Name extends CallName>(
    name: Name,
    argument: WorkerCalls[Name]["takes"],
    moved?: readonly Transferable[],
  ): Promise<WorkerCalls[Name]["gives"]>;
  /** Resolves with the reason when the thread has ended, however it did. */
  readonly ended: Promise<string>;
  /** Ends the thread at once. */
  end(reason: string): void;
}

/** The thread ended before it answered. */
export class ThreadEnded extends Error {
  override readonly name = "ThreadEnded";
}

/** Starts a thread. */
export type StartThread = () => RelayThread;

/** A call that waits for its answer. */
interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a thread of the program. `start` is the first call that it takes. */
export const startRelayThread: StartThread = () => new WorkerHandle();

/**
 * A worker. The runtime tells of errors that nothing caught, but not of a worker that closed itself:
 * so each worker holds a lock, which the system releases when it has ended.
 */
class WorkerHandle implements RelayThread {
  readonly ended: Promise<string>;
  readonly #worker = new Worker(SCRIPT, { type: "module", name: "relay" });
  readonly #pending = new Map<number, Pending>();
  readonly #resolveEnded: (reason: string) => void;
  #lastId = 0;
  #isOver = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#worker.onmessage = ({ data }: MessageEvent<AnswerMessage>) => this.#onAnswer(data);
    this.#worker.onerror = (event) => {
      // An unhandled error of a worker would end the process.
      event.preventDefault();
      this.end(event.message);
    };
    void this.#watch();
  }

  call<Name extends CallName>(
    name: Name,
    argument: WorkerCalls[Name]["takes"],
    moved: readonly Transferable[] = [],
  ): Promise<WorkerCalls[Name]["gives"]> {
    if (this.#isOver) return Promise.reject(new ThreadEnded("the thread has ended"));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // The thread answers each call with what the call gives.
      const pending = { resolve: resolve as Pending["resolve"], reject };
      this.#pending.set(id, pending);
      this.#worker.postMessage({ id, name, argument } as CallMessage, [...moved]);
    });
  }

  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(new ThreadEnded(reason));
    this.#pending.clear();
    this.#resolveEnded(reason);
  }

  #onAnswer(answer: AnswerMessage): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("error" in answer) pending?.reject(errorReceived(answer.error));
    else pending?.resolve(answer.value);
  }

  async #watch(): Promise<void> {
    const lock = `gallimimus relay ${crypto.randomUUID()}`;
    try {
      await this.call("hold", lock);
    } catch {
      // It has ended already.
      return;
    }
    await lockReleased(lock);
    this.end("it ended by itself");
  }
}
