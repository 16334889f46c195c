/**
 * The policies that every relay has.
 *
 * @module
 */

import { CLIENT_AUTHENTICATION } from "../../nostr/client_authentication.ts";
import { hasExpired } from "../../nostr/expiration.ts";
import { HTTP_AUTHORIZATION } from "../../nostr/http_authorization.ts";
import { reason } from "../../nostr/reason.ts";
import { isAddressedTo, VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { RelayLimits } from "../limits.ts";
import type { Policy } from "./policy.ts";
import { protectedEvents } from "./protected.ts";

/** Size, date, expiration, authentication events and protected events. */
export function standardPolicies(
  limits: Parameters<typeof sizeWithin>[0] & Parameters<typeof createdAtWithin>[0],
): readonly Policy[] {
  return [
    sizeWithin(limits),
    createdAtWithin(limits),
    noAuthenticationKinds,
    notExpired,
    protectedEvents,
  ];
}

/**
 * Refuses events that exceed the limits on bytes, tags or content length.
 *
 * @see NIP-11 `max_event_tags`, `max_content_length`
 */
export function sizeWithin(
  limits: Pick<RelayLimits, "maxEventBytes" | "maxEventTags" | "maxContentLength">,
): Policy {
  const { maxEventBytes, maxEventTags, maxContentLength } = limits;
  return {
    name: "event size",
    screen({ event, jsonBytes }) {
      if (jsonBytes > maxEventBytes) {
        return reason(
          "invalid",
          `event has ${jsonBytes} bytes, at most ${maxEventBytes} are allowed`,
        );
      }
      if (event.tags.length > maxEventTags) {
        return reason(
          "invalid",
          `event has ${event.tags.length} tags, at most ${maxEventTags} are allowed`,
        );
      }
      if (hasMoreCharacters(event.content, maxContentLength)) {
        return reason("invalid", `content has more than ${maxContentLength} characters`);
      }
      return undefined;
    },
  };
}

/** Counts Unicode characters only where the number of UTF-16 units does not decide. */
function hasMoreCharacters(text: string, max: number): boolean {
  if (text.length <= max) return false;
  if (text.length > 2 * max) return true;
  let characters = 0;
  for (const _ of text) {
    if (++characters > max) return true;
  }
  return false;
}

/**
 * Refuses events whose `created_at` is beyond a limit; 0 disables the limit.
 *
 * @see NIP-11 `created_at_lower_limit`, `created_at_upper_limit`
 */
export function createdAtWithin(
  limits: Pick<RelayLimits, "createdAtUpperLimitS" | "createdAtLowerLimitS">,
): Policy {
  const { createdAtUpperLimitS: ahead, createdAtLowerLimitS: behind } = limits;
  return {
    name: "created_at",
    screen({ event, nowMs }) {
      const nowS = Math.floor(nowMs / 1000);
      if (ahead > 0 && event.created_at > nowS + ahead) {
        return reason("invalid", `created_at is more than ${ahead} seconds in the future`);
      }
      if (behind > 0 && event.created_at < nowS - behind) {
        return reason("invalid", `created_at is more than ${behind} seconds in the past`);
      }
      return undefined;
    },
  };
}

/**
 * Refuses authentication events as EVENT: whoever read a published one could replay it.
 *
 * @see NIP-42 (kind 22242), NIP-98 (kind 27235)
 */
export const noAuthenticationKinds: Policy = {
  name: "authentication kinds",
  screen: ({ event: { kind } }) =>
    kind === CLIENT_AUTHENTICATION || kind === HTTP_AUTHORIZATION
      ? reason("invalid", `kind ${kind} is for authentication and is not published`)
      : undefined,
};

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

/**
 * Refuses requests to vanish that are not addressed to this relay: the store carries out every request
 * that it is given.
 *
 * @param relayUrl the URL by which clients reach this relay; empty when it is not known
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
