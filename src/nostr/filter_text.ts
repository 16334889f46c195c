/**
 * Filters as text of a bounded length, for the log.
 *
 * @module
 */

import type { ReqFilter } from "./filter.ts";

/** Filters of a request that are told; of more, only the number. */
const MAX_FILTERS = 3;

/** Values of a list that are told. */
const MAX_VALUES = 3;

/** Characters of a value that are told: an id or a key whole. */
const MAX_VALUE_LENGTH = 64;

/** The longest text, characters. */
const MAX_LENGTH = 1_000;

/**
 * The filters as JSON, each list cut after three values with the number of those left out. A client may
 * list thousands of values, and each may be long.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { filterText } from "./filter_text.ts";
 *
 * const filter = { kinds: new Set([0, 1, 3, 7]), tags: new Map([["t", new Set(["nostr"])]]), limit: 5 };
 * equal(filterText([filter]), '{"kinds":[0,1,3,"1 more"],"#t":["nostr"],"limit":5}');
 * ```
 */
export function filterText(filters: readonly ReqFilter[]): string {
  const texts = filters.slice(0, MAX_FILTERS).map((filter) => JSON.stringify(shortened(filter)));
  if (filters.length > MAX_FILTERS) texts.push(`and ${filters.length - MAX_FILTERS} more`);
  const text = texts.join(" ");
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}

function shortened(filter: ReqFilter): Readonly<Record<string, unknown>> {
  const { ids, authors, kinds, tags, allTags, search, ...bounds } = filter;
  const lists: Record<string, readonly unknown[] | undefined> = {
    ids: ids && firstOf(ids),
    authors: authors && firstOf(authors),
    kinds: kinds && firstOf(kinds),
  };
  for (const [letter, values] of tags) lists[`#${letter}`] = firstOf(values);
  for (const [letter, values] of allTags ?? []) lists[`&${letter}`] = firstOf(values);
  return { ...lists, search: search && firstOf(search).join(" "), ...bounds };
}

function firstOf(values: ReadonlySet<string | number>): readonly (string | number)[] {
  const first = values.values().take(MAX_VALUES).map(shortValue).toArray();
  return values.size > MAX_VALUES ? [...first, `${values.size - MAX_VALUES} more`] : first;
}

function shortValue(value: string | number): string | number {
  return typeof value === "number" || value.length <= MAX_VALUE_LENGTH
    ? value
    : `${value.slice(0, MAX_VALUE_LENGTH)}…`;
}
