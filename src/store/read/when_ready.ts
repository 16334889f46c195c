/**
 * Waiting for who takes the answer.
 *
 * @module
 */

import type { QueryOptions } from "../event_store.ts";
import { unlessAborted } from "../database/unless_aborted.ts";

/**
 * Resolves when more is wanted; rejects with the signal's reason.
 */
export async function whenReady({ ready, signal }: QueryOptions): Promise<void> {
  signal?.throwIfAborted();
  const waiting = ready?.();
  if (waiting !== undefined) await unlessAborted(waiting, () => {}, signal);
}
