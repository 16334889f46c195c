/**
 * Parses filters.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { ReqFilter } from "./filter.ts";
import { isKey } from "./hex.ts";
import { isCount, isJsonObject } from "./json.ts";
import { KeySet, MANY_KEYS } from "./key_set.ts";
import { MAX_KIND } from "./parse_event.ts";
import { type Reason, reason } from "./reason.ts";
import { parseSearch } from "./search.ts";

/** Limits on one filter. */
export interface FilterLimits {
  /** Values in all lists of the filter. */
  readonly maxFilterValues: number;
  /** Whether `&t` is supported. Default: false. */
  readonly andTags?: boolean;
  /** Limits on search. Default: `search` is not supported. */
  readonly search?: SearchLimits | undefined;
}

/** What can be searched, and how long a search may be. */
export interface SearchLimits {
  /** The kinds whose events are indexed for search. */
  readonly kinds: ReadonlySet<number>;
  /** Longest search, UTF-16 units. */
  readonly maxLength: number;
}

/**
 * Checks a filter and turns its lists into sets.
 *
 * `{}` matches everything. An empty list stays an empty set, which matches nothing: as an absent
 * condition it would answer a client with an empty follow list with the whole relay. Unknown keys
 * are refused as `unsupported`, because ignoring a condition would widen the answer; so are tag
 * keys that are not `#` with one letter, and `&` and `search` when disabled. Malformed values are
 * `invalid`, and so is a filter with too many values: the client can split the request, and
 * authentication would not change the answer.
 *
 * A search is restricted to the kinds that are indexed for it. A value in both `&t` and `#t` counts
 * for `&t` only.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @see NIP-50
 * @see NIP-91
 */
export function parseFilter(value: unknown, limits: FilterLimits): ReqFilter | Reason {
  if (!isJsonObject(value)) return NOT_AN_OBJECT;
  const draft: FilterDraft = { tags: new Map() };
  const { search, andTags } = limits;
  let room = limits.maxFilterValues;
  for (const key of Object.keys(value)) {
    const condition = value[key];
    if (Array.isArray(condition)) room -= condition.length;
    // Checked before iterating over the list, so that its length costs nothing.
    if (room < 0) return tooManyValues(limits);
    const refusal = key === "search" && search !== undefined
      ? addSearch(draft, condition, search)
      : AND_KEY.test(key) && andTags === true
      ? addAllTagsCondition(draft, key, condition)
      : addCondition(draft, key, condition);
    if (refusal !== undefined) return refusal;
  }
  if (draft.allTags !== undefined) removeAllTagsValues(draft.tags, draft.allTags);
  if (draft.search !== undefined && search !== undefined) {
    draft.kinds = draft.kinds?.intersection(search.kinds) ?? search.kinds;
  }
  return draft;
}

/** A filter under construction. */
type FilterDraft = { -readonly [Field in keyof ReqFilter]: ReqFilter[Field] } & {
  readonly tags: Map<string, ReadonlySet<string>>;
  allTags?: Map<string, ReadonlySet<string>>;
};

/** Adds one condition to the draft, or returns why it is invalid. */
function addCondition(draft: FilterDraft, key: string, value: unknown): Reason | undefined {
  switch (key) {
    case "ids":
    case "authors": {
      const keys = keysOf(value);
      if (keys === undefined) return BAD_KEYS[key];
      draft[key] = keys;
      return undefined;
    }
    case "kinds":
      if (!isListOf(value, isKind)) return BAD_KINDS;
      draft.kinds = new Set(value);
      return undefined;
    case "since":
    case "until":
    case "limit":
      if (!isCount(value)) return BAD_COUNTS[key];
      draft[key] = value;
      return undefined;
    default:
      return addTagCondition(draft, key, value);
  }
}

function addTagCondition(draft: FilterDraft, key: string, value: unknown): Reason | undefined {
  if (!TAG_KEY.test(key)) return UNKNOWN_ELEMENTS;
  return addValues(draft.tags, key.charAt(1), value);
}

function addAllTagsCondition(draft: FilterDraft, key: string, value: unknown): Reason | undefined {
  return addValues(draft.allTags ??= new Map(), key.charAt(1), value);
}

function addValues(
  tags: Map<string, ReadonlySet<string>>,
  letter: string,
  value: unknown,
): Reason | undefined {
  // "#e and #p MUST be exactly 64 lowercase hex characters"; other letters allow any string.
  const isKeyTag = letter === "e" || letter === "p";
  const values = isKeyTag ? keysOf(value) : isListOf(value, isText) ? new Set(value) : undefined;
  if (values === undefined) return isKeyTag ? BAD_KEY_TAGS : BAD_TAGS;
  tags.set(letter, values);
  return undefined;
}

/** Removes the values of `&t` from `#t`; a `#t` that becomes empty is no condition. */
function removeAllTagsValues(tags: Map<string, ReadonlySet<string>>, all: ReqFilter["tags"]): void {
  for (const [letter, values] of all) {
    const alternatives = tags.get(letter);
    if (alternatives === undefined || alternatives.isDisjointFrom(values)) continue;
    const left = alternatives.difference(values);
    if (left.size === 0) tags.delete(letter);
    else tags.set(letter, left);
  }
}

function addSearch(
  draft: FilterDraft,
  value: unknown,
  { maxLength }: SearchLimits,
): Reason | undefined {
  if (typeof value !== "string" || !value.isWellFormed()) return BAD_SEARCH;
  if (value.length > maxLength) {
    return reason("invalid", `search is longer than ${maxLength} characters`);
  }
  const words = parseSearch(value);
  if (words !== undefined) draft.search = words;
  return undefined;
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  if (!Array.isArray(value)) return false;
  for (const item of value) {
    if (!isItem(item)) return false;
  }
  return true;
}

/** The set of a list of ids or public keys; undefined for anything else. */
function keysOf(value: unknown): ReadonlySet<string> | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length >= MANY_KEYS) return KeySet.of(value);
  return isListOf(value, isKey) ? new Set(value) : undefined;
}

function isKind(value: unknown): value is number {
  return isCount(value, MAX_KIND);
}

/** No event has a lone surrogate, and Postgres would reject one. */
function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function tooManyValues({ maxFilterValues }: FilterLimits): Reason {
  return reason("invalid", `filter lists more than ${maxFilterValues} values`);
}

const TAG_KEY = /^#[a-zA-Z]$/;
const AND_KEY = /^&[a-zA-Z]$/;

const NOT_AN_OBJECT = reason("invalid", "a filter is a JSON object");
const UNKNOWN_ELEMENTS = reason("unsupported", "filter contains unknown elements");
const BAD_KEYS = {
  ids: reason("invalid", "ids is not a list of ids, each 64 lower-case hex digits"),
  authors: reason("invalid", "authors is not a list of keys, each 64 lower-case hex digits"),
};
const BAD_KINDS = reason("invalid", "kinds is not a list of integers from 0 to 65535");
const BAD_COUNTS = {
  since: reason("invalid", "since is not an integer count of seconds"),
  until: reason("invalid", "until is not an integer count of seconds"),
  limit: reason("invalid", "limit is not an integer from 0"),
};
const BAD_KEY_TAGS = reason("invalid", "e and p tags are asked for by 64 lower-case hex digits");
const BAD_SEARCH = reason("invalid", "search is not well-formed text");
const BAD_TAGS = reason("invalid", "a tag condition is a list of well-formed strings");
