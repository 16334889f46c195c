/**
 * Refuses expired events.
 *
 * @see NIP-40
 * @module
 */

import { hasExpired } from "../../nostr/expiration.ts";
import { reason } from "../../nostr/reason.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses events whose `expiration` has passed.
 *
 * @see NIP-40
 */
export const notExpired: Policy = {
  name: "expiration",
  screen: ({ event, nowMs }) =>
    hasExpired(event, Math.floor(nowMs / 1000)) ? reason("invalid", "event expired") : undefined,
};
