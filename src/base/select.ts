/**
 * The race between the things one loop waits for.
 *
 * A connection's loop waits for shutdown, a ping tick, live events and incoming frames at once. The
 * obvious `Promise.race` over long-lived promises leaks: each round leaves a reaction on every member
 * that did not win, and frees it only when that member settles, which for a connection is never
 * (300,000 rounds grew a heap from 2 to 96 MB). So nothing here waits on a long-lived promise. A
 * {@link Source} is a plain object that either has something or has not; a round that finds all of
 * them empty leaves one resolver with each, and the first to fill wakes the loop. What a source keeps
 * between rounds is one reference, overwritten by the next.
 *
 * The order of the sources is their priority. Nothing starves silently: a loop that wants fairness
 * bounds what it takes from a source in one round.
 *
 * @module
 */

/** Something a loop can wait for. It has one reader. */
export interface Source<From extends string = string, T = unknown> {
  /** The name by which the loop tells its sources apart. */
  readonly from: From;
  /** Whether {@link take} has something to give. */
  readonly ready: boolean;
  /** Gives what is there. Only called while {@link ready}. */
  take(): T;
  /** Left by a loop that found nothing; the source calls it whenever it may have become ready. */
  wake: (() => void) | undefined;
}

/** What a source gave, and which one it was. */
export interface Signal<From extends string, T> {
  readonly from: From;
  readonly value: T;
}

/** The union of the signals that a list of sources can give, told apart by `from`. */
export type SignalOf<S> = S extends Source<infer From, infer T> ? Signal<From, T> : never;

/**
 * Waits until one of `sources` has something and takes it; the first ready one in the list wins.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { select } from "./select.ts";
 * import { Inbox } from "./inbox.ts";
 * import { Latch } from "./latch.ts";
 *
 * const shutdown = new Latch("shutdown");
 * const frames = new Inbox<"frames", string>("frames", 8);
 * frames.push("hello");
 * const signal = await select(shutdown, frames);
 * deepEqual(signal, { from: "frames", value: ["hello"] });
 * ```
 */
export async function select<const S extends readonly Source[]>(
  ...sources: S
): Promise<SignalOf<S[number]>> {
  for (;;) {
    for (const source of sources) {
      if (source.ready) {
        return { from: source.from, value: source.take() } as SignalOf<S[number]>;
      }
    }
    await anyWake(sources);
  }
}

/** Sleeps until a source calls the resolver left with it, then takes the resolvers back. */
async function anyWake(sources: readonly Source[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const source of sources) source.wake = resolve;
  await promise;
  for (const source of sources) source.wake = undefined;
}
