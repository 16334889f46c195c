/**
 * The port to signature checks, which cost more than everything else that is done to an event.
 *
 * @module
 */

import type { Source } from "../base/fair_queue.ts";
import type { NostrEvent } from "./event.ts";

/** Checks signatures, perhaps many at a time and on other cores. */
export interface Verifier {
  /**
   * Whether `event.sig` is the author's BIP-340 signature of `event.id`. Rejects only when closed.
   * Checks for one source wait for those of others in turn.
   */
  verify(event: NostrEvent, source?: Source): Promise<boolean>;
}
