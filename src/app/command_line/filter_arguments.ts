/**
 * Reads the filters that an operator names on the command line.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { isJsonObject, parseJson } from "../../nostr/json.ts";
import { parseFilter, type SearchLimits } from "../../nostr/parse_filter.ts";
import { withHexKeys } from "../settings/key_text.ts";
import { nearestName } from "../settings/nearest_name.ts";

/** What is wrong with an argument, for people. */
interface FilterFault {
  readonly fault: string;
}

/** The elements of a filter besides tag conditions. */
const ELEMENTS = ["ids", "authors", "kinds", "since", "until", "limit", "search"];

/**
 * Parses arguments, each a filter or a list of filters as JSON. Where a public key is expected, `npub1…`
 * is taken as well.
 *
 * @param search what can be searched; undefined if nothing can.
 */
export function readFilters(
  texts: readonly string[],
  search?: SearchLimits,
): readonly ReqFilter[] | FilterFault {
  const filters: ReqFilter[] = [];
  for (const text of texts) {
    const value = parseJson(text);
    if (value === undefined) return { fault: `not JSON: ${text}` };
    for (const one of Array.isArray(value) ? value : [value]) {
      const filter = readFilter(one, search);
      if ("fault" in filter) return { fault: `${filter.fault}: ${text}` };
      filters.push(filter);
    }
  }
  return filters;
}

/** Parses one filter that is JSON already, as {@link readFilters} does. */
export function readFilter(value: unknown, search?: SearchLimits): ReqFilter | FilterFault {
  if (!isJsonObject(value)) return { fault: "a filter is a JSON object" };
  const unknown = Object.keys(value).find((name) =>
    !ELEMENTS.includes(name) && !/^[#&][a-zA-Z]$/.test(name)
  );
  if (unknown !== undefined) return { fault: unknownElement(unknown) };
  if ("search" in value && search === undefined) {
    return { fault: "search is off or cannot be used here" };
  }
  const filter = parseFilter(withHexKeys(value), {
    maxFilterValues: Infinity,
    andTags: true,
    search: search && { ...search, maxLength: Infinity },
  });
  return "prefix" in filter ? { fault: filter.text } : filter;
}

function unknownElement(name: string): string {
  const nearest = nearestName(name, ELEMENTS);
  const hint = nearest === undefined
    ? "tags are named #e, #t and so on"
    : `did you mean ${nearest}?`;
  return `a filter has no element "${name}", ${hint}`;
}
