/**
 * Refuses authentication events as EVENT: whoever read a published one could replay it.
 *
 * @see NIP-42 (kind 22242), NIP-98 (kind 27235)
 * @module
 */

import { CLIENT_AUTHENTICATION } from "../../nostr/client_authentication.ts";
import { HTTP_AUTHORIZATION } from "../../nostr/http_authorization.ts";
import { reason } from "../../nostr/reason.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses kinds 22242 and 27235.
 */
export const noAuthenticationKinds: Policy = {
  name: "authentication kinds",
  screen: ({ event: { kind } }) =>
    kind === CLIENT_AUTHENTICATION || kind === HTTP_AUTHORIZATION
      ? reason("invalid", `kind ${kind} is for authentication and is not published`)
      : undefined,
};
