/**
 * Waits for the first of several sources, as a connection's loop does: for shutdown, a ping tick,
 * live events or incoming frames.
 *
 * `Promise.race` over long-lived promises leaks. Each round leaves a reaction on every promise that
 * did not win, and frees it only when that settles, which for a connection is at its end (300,000
 * rounds grew a heap from 2 to 96 MB). So nothing here waits on a long-lived promise. A source, see
 * {@link Selectable}, is a plain object that is ready or not. A round without a ready source leaves
 * one resolver with each, and the first that becomes ready calls it. Between rounds a source keeps
 * one reference, which the next round overwrites.
 *
 * The order of the sources is their priority. For fairness, a loop bounds what it takes from a
 * source in one round.
 *
 * @module
 */

/** Something a loop can wait for. It has one reader. */
export interface Selectable<From extends string = string, T = unknown> {
  /** The name that tells the sources of a loop apart. */
  readonly from: From;
  /** Whether {@link take} has something to give. */
  readonly ready: boolean;
  /** Takes what is there. Only called while {@link ready}. */
  take(): T;
  /** Set by a waiting loop; the source calls it whenever it may have become ready. */
  wake: (() => void) | undefined;
}

/** What a source gave, and the name of the source. */
export interface Signal<From extends string, T> {
  readonly from: From;
  readonly value: T;
}

/** The union of the signals of a list of sources, discriminated by `from`. */
type SignalOf<S> = S extends Selectable<infer From, infer T> ? Signal<From, T> : never;

/**
 * Waits until one of `sources` is ready and takes from it; the first ready one in the list wins.
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
export async function select<const S extends readonly Selectable[]>(
  ...sources: S
): Promise<SignalOf<S[number]>> {
  for (;;) {
    for (const source of sources) {
      if (source.ready) {
        return { from: source.from, value: source.take() } as SignalOf<S[number]>;
      }
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const source of sources) source.wake = resolve;
    await promise;
    for (const source of sources) source.wake = undefined;
  }
}
