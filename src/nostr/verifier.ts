/**
 * The interface for verifying event signatures asynchronously.
 *
 * @module
 */

import type { Source } from "../base/fair_queue.ts";
import type { NostrEvent } from "./event.ts";

/** Verifies signatures, possibly in batches and on other threads. */
export interface Verifier {
  /**
   * Whether `event.sig` is the author's BIP-340 signature of `event.id`. Rejects only when closed.
   * The checks of different sources take turns.
   */
  verify(event: NostrEvent, source?: Source): Promise<boolean>;
}
