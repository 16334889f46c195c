/**
 * Threads of a relay that answer and end when a test says so.
 *
 * @module
 */

import type { CallName, WorkerCalls } from "../../src/app/workers/worker_calls.ts";
import {
  type RelayThread,
  type StartThread,
  ThreadEnded,
} from "../../src/app/workers/relay_thread.ts";

/** A thread controlled by a test: it answers each call at once, unless it is told otherwise. */
export class FakeRelayThread implements RelayThread {
  /** The calls so far, with what they took. */
  readonly calls: [name: CallName, argument: unknown][] = [];
  /** The reason that ended it; undefined while it runs. */
  endedBy: string | undefined = undefined;
  /** What a call is answered with, by name; an error rejects. */
  readonly answers = new Map<CallName, unknown>([["probe", 0]]);
  /** Calls of these names are never answered. */
  readonly silent = new Set<CallName>();
  readonly #end = Promise.withResolvers<string>();

  get ended(): Promise<string> {
    return this.#end.promise;
  }

  call<Name extends CallName>(
    name: Name,
    argument: WorkerCalls[Name]["takes"],
  ): Promise<WorkerCalls[Name]["gives"]> {
    if (this.endedBy !== undefined) return Promise.reject(new ThreadEnded(this.endedBy));
    this.calls.push([name, argument]);
    if (this.silent.has(name)) {
      return this.ended.then((reason) => {
        throw new ThreadEnded(reason);
      });
    }
    const answer = this.answers.get(name);
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(answer as WorkerCalls[Name]["gives"]);
  }

  end(reason: string): void {
    this.endedBy ??= reason;
    this.#end.resolve(this.endedBy);
  }

  /** The arguments of all calls of this name. */
  argumentsOf(name: CallName): readonly unknown[] {
    return this.calls.filter(([called]) => called === name).map(([, argument]) => argument);
  }
}

/** Starts threads and keeps them. */
export class FakeRelayThreads {
  /** All threads ever started, oldest first. */
  readonly started: FakeRelayThread[] = [];
  /** Prepares the next threads before their first call. */
  onStart: (thread: FakeRelayThread) => void = () => {};

  readonly start: StartThread = () => {
    const thread = new FakeRelayThread();
    this.onStart(thread);
    this.started.push(thread);
    return thread;
  };
}
