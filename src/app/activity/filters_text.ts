/**
 * What a REQ asks for, in a line that has no text of the client's in it.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";

/** Filters, and kinds of a filter, that are told of one by one. */
const MAX_SHOWN = 3;

/** `authors=200 kinds=1,6 #t=3 limit=500 | ids=1`: how many values, and of kinds which. */
export function filtersText(filters: readonly ReqFilter[]): string {
  const shown = filters.slice(0, MAX_SHOWN).map(filterText);
  const more = filters.length - shown.length;
  return [...shown, ...more > 0 ? [`${more} more`] : []].join(" | ");
}

function filterText(filter: ReqFilter): string {
  const { ids, authors, kinds, tags, allTags, search, since, until, limit } = filter;
  const parts = [
    ids && `ids=${ids.size}`,
    authors && `authors=${authors.size}`,
    kinds && `kinds=${kindsText(kinds)}`,
    ...Array.from(tags, ([letter, values]) => `#${letter}=${values.size}`),
    ...Array.from(allTags ?? [], ([letter, values]) => `&${letter}=${values.size}`),
    search && `search=${search.size}`,
    since !== undefined && `since=${since}`,
    until !== undefined && `until=${until}`,
    limit !== undefined && `limit=${limit}`,
  ].filter((part) => typeof part === "string");
  return parts.length === 0 ? "everything" : parts.join(" ");
}

function kindsText(kinds: ReadonlySet<number>): string {
  return kinds.size <= MAX_SHOWN ? [...kinds].join(",") : `${kinds.size} kinds`;
}
