/**
 * Refuses requests to vanish that name other relays only: the store carries out every request it is
 * given.
 *
 * @see NIP-62
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import { isAddressedTo, VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses requests to vanish that are not addressed to this relay.
 *
 * @param relayUrl the URL by which clients reach this relay; empty when it is not known
 *
 * @see NIP-62
 */
export function vanishRequestsTo(relayUrl: string): Policy {
  return {
    name: "request to vanish",
    screen: ({ event }) =>
      event.kind === VANISH_REQUEST && !isAddressedTo(event, relayUrl)
        ? reason("invalid", "the request is not addressed to this relay")
        : undefined,
  };
}
