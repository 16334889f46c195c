/**
 * Pauses a query whose reader cannot take more.
 *
 * @module
 */

import type { QueryOptions } from "../event_store.ts";
import { unlessAborted } from "../database/unless_aborted.ts";

/**
 * Resolves when the reader takes more, and rejects with the signal's reason; undefined when it takes more
 * now.
 */
export function whenReady({ ready, signal }: QueryOptions): Promise<void> | undefined {
  signal?.throwIfAborted();
  const waiting = ready?.();
  return waiting && unlessAborted(waiting, () => {}, signal);
}
