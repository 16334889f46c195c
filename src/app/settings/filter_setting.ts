/**
 * Reads filters that stand in the settings as JSON.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../nostr/json.ts";
import { parseFilter } from "../../nostr/parse_filter.ts";
import { withHexKeys } from "./key_text.ts";

/** A filter, parsed and as others are told; undefined if the text is none. */
export function readFilterSetting(
  text: string,
): { readonly filter: ReqFilter; readonly filterJson: JsonObject } | undefined {
  const given = parseJson(text);
  if (!isJsonObject(given)) return undefined;
  const filterJson = withHexKeys(given);
  const filter = parseFilter(filterJson, { maxFilterValues: Infinity });
  return "prefix" in filter ? undefined : { filter, filterJson };
}
