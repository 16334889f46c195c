/**
 * Requests for everything.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { reason } from "../../nostr/reason.ts";
import { asksForPrivateOnly } from "../../nostr/visibility.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses requests with a filter that names neither ids nor authors nor kinds nor tags nor words.
 */
export const noBroadFilters: Policy = {
  name: "broad filters",
  request: ({ filters }) =>
    filters.some(isBroad)
      ? reason("blocked", "a filter names ids, authors, kinds, tags or words here")
      : undefined,
};

function isBroad({ ids, authors, kinds, tags, allTags, search }: ReqFilter): boolean {
  return ids === undefined && authors === undefined && kinds === undefined &&
    search === undefined && tags.size === 0 && (allTags?.size ?? 0) === 0;
}

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
