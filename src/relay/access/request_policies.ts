/**
 * Policies on requests: filters without conditions, and private kinds.
 *
 * @see NIP-04, NIP-17, NIP-59
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { reason } from "../../nostr/reason.ts";
import { asksForPrivateOnly } from "../../nostr/visibility.ts";
import type { Policy } from "./policy.ts";

/** Refuses requests with a filter that has no ids, authors, kinds, tags or search. */
export const noBroadFilters: Policy = {
  name: "broad filters",
  request: ({ filters }) =>
    filters.some(isBroad)
      ? reason("blocked", "a filter has to have ids, authors, kinds, tags or search here")
      : undefined,
};

function isBroad({ ids, authors, kinds, tags, allTags, search }: ReqFilter): boolean {
  return ids === undefined && authors === undefined && kinds === undefined &&
    search === undefined && tags.size === 0 && (allTags?.size ?? 0) === 0;
}

/**
 * Asks for AUTH when all filters of a request name private kinds only and the client has not
 * authenticated. The answer would be empty, and the client could not know why. Any other request is
 * answered with what the client may read.
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
