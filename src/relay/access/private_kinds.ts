/**
 * Requests for what is not for everybody.
 *
 * @see NIP-04, NIP-17, NIP-59
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import { asksForPrivateOnly } from "../../nostr/visibility.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses a request all of whose filters ask for private kinds alone, as long as the client has not said
 * who it is: the answer would be empty, and the client would not know why. Of any other request the
 * answer holds what the client may see.
 */
export function privateKindsNeedAuth(kinds: ReadonlySet<number>): Policy {
  return {
    name: "private kinds",
    request({ filters, client }) {
      if (client.keys.size > 0) return undefined;
      return filters.length > 0 && filters.every((filter) => asksForPrivateOnly(filter, kinds))
        ? reason("auth-required", "these events are served to their author and recipients")
        : undefined;
    },
  };
}
