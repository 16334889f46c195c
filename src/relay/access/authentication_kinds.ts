/**
 * Events that prove who speaks are not for publishing: whoever read one could replay it.
 *
 * @see NIP-42 (kind 22242), NIP-98 (kind 27235)
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import type { Policy } from "./policy.ts";

const CLIENT_AUTHENTICATION = 22242;
const HTTP_AUTHENTICATION = 27235;

/**
 * Refuses kinds 22242 and 27235 as events.
 */
export const noAuthenticationKinds: Policy = ({ event }) => {
  if (event.kind !== CLIENT_AUTHENTICATION && event.kind !== HTTP_AUTHENTICATION) return undefined;
  return reason("invalid", `kind ${event.kind} proves who speaks and is not published`);
};
