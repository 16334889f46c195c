/**
 * Waiting for who takes the answer.
 *
 * @module
 */

import type { QueryOptions } from "./event_store.ts";
import { unlessAborted } from "./unless_aborted.ts";

/**
 * Resolves when more is wanted; rejects with the signal's reason.
 *
 * @example
 * ```ts
 * import { rejects } from "node:assert/strict";
 * import { whenReady } from "./when_ready.ts";
 *
 * await whenReady({});
 * const enough = new Error("enough");
 * const signal = AbortSignal.abort(enough);
 * await rejects(whenReady({ ready: () => Promise.resolve(), signal }), enough);
 * ```
 */
export async function whenReady({ ready, signal }: QueryOptions): Promise<void> {
  signal?.throwIfAborted();
  const waiting = ready?.();
  if (waiting !== undefined) await unlessAborted(waiting, () => {}, signal);
}
