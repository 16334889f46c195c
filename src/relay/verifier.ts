/**
 * The port to signature checks, which cost more than everything else that is done to an event.
 *
 * @module
 */

import type { NostrEvent } from "../nostr/event.ts";

/** Checks signatures, perhaps many at a time and on other cores. */
export interface Verifier {
  /** Whether `event.sig` is the author's BIP-340 signature of `event.id`. Rejects only when closed. */
  verify(event: NostrEvent): Promise<boolean>;
}
