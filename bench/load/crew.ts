/**
 * The threads that make a load, and what they cost.
 *
 * @module
 */

import process from "node:process";
import { Latencies } from "./latencies.ts";
import { type Job, nowMs, type SideResult } from "./side.ts";
import type { Order } from "./side_worker.ts";
import { Tally } from "./tally.ts";

/** What was counted, by all sides together. */
export interface LoadResult extends Omit<SideResult, "latencies"> {
  readonly latencies: Latencies;
  /** How much of one core the client used. */
  readonly clientCores: number;
}

/** How to run a load. */
export interface RunOptions {
  /**
   * Whose counts are wanted. With `first` and `last` the load lasts as long as the first side does.
   * Default: those of all.
   */
  readonly counts?: "all" | "first" | "last";
  /** When all sides are ready. */
  readonly onBegin?: () => void;
  /** When it is over, and all connections are still open. */
  readonly onEnd?: () => void;
}

/** Threads, started once. */
export class Crew {
  readonly #threads: SideThread[] = [];

  /**
   * Runs each job on a thread of its own. They make ready one after the other, the last one first:
   * it is what the others talk to.
   */
  async run(
    jobs: readonly Job[],
    { counts = "all", onBegin, onEnd }: RunOptions = {},
  ): Promise<LoadResult> {
    while (this.#threads.length < jobs.length) this.#threads.push(new SideThread());
    const threads = this.#threads.slice(0, jobs.length);
    for (let at = jobs.length - 1; at >= 0; at--) {
      await threads[at]!.ask({ order: "prepare", job: jobs[at]! });
    }
    onBegin?.();
    const startMs = nowMs();
    const used = process.cpuUsage();
    const results = threads.map((thread) => thread.ask<SideResult>({ order: "run" }));
    await (counts === "all" ? Promise.all(results) : results[0]);
    const { user, system } = process.cpuUsage(used);
    const clientCores = (user + system) / 1_000 / (nowMs() - startMs);
    onEnd?.();
    for (const thread of threads) thread.tell({ order: "stop" });
    const all = await Promise.all(results);
    await Promise.all(threads.map((thread) => thread.ask({ order: "close" })));
    const wanted = counts === "all" ? all : [counts === "first" ? all[0]! : all.at(-1)!];
    const { tally } = sumOf(all);
    return {
      ...sumOf(wanted),
      tally,
      clientCores,
      ...counts === "all" ? {} : { seconds: all[0]!.seconds },
    };
  }

  /** Ends the threads. */
  [Symbol.dispose](): void {
    for (const thread of this.#threads) thread.end();
  }
}

function sumOf(results: readonly SideResult[]): Omit<LoadResult, "clientCores"> {
  const latencies = new Latencies();
  const tally = new Tally();
  for (const result of results) {
    latencies.add(new Latencies(result.latencies));
    tally.addAll(result.tally);
  }
  const sum = (figure: (result: SideResult) => number) =>
    results.reduce((total, result) => total + figure(result), 0);
  const lateMs = Math.max(...results.map((result) => result.lateMs ?? -1));
  return {
    done: sum(({ done }) => done),
    tried: sum(({ tried }) => tried),
    rows: sum(({ rows }) => rows ?? 0),
    seconds: Math.max(...results.map(({ seconds }) => seconds)),
    latencies,
    tally: tally.entries(),
    ...(lateMs < 0 ? {} : { lateMs }),
  };
}

/** One thread; one order at a time, apart from `stop`. */
class SideThread {
  readonly #worker = new Worker(new URL("./side_worker.ts", import.meta.url), { type: "module" });

  tell(order: Order): void {
    this.#worker.postMessage(order);
  }

  ask<Answer>(order: Order): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#worker.onmessage = ({ data }) => resolve(data);
    this.#worker.onerror = (event) => reject(new Error(event.message));
    this.tell(order);
    return promise;
  }

  end(): void {
    this.#worker.terminate();
  }
}
