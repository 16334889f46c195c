/**
 * Requests for everything.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { reason } from "../../nostr/reason.ts";
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
