/**
 * Whether an event is what a filter asks for.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { NostrEvent, Tag } from "./event.ts";
import type { ReqFilter } from "./filter.ts";
import { meetsSearch } from "./search.ts";

/**
 * Whether `event` meets every condition of `filter`. `limit` is none: it bounds the stored events of one
 * answer. Next to nothing is allocated, for this runs once for each event and candidate subscription.
 *
 * @see NIP-01 "Communication between clients and relays"
 *
 * @example
 * ```ts
 * import { matches } from "./match.ts";
 * import { equal } from "node:assert/strict";
 *
 * const event = {
 *   id: "1",
 *   pubkey: "2",
 *   created_at: 3,
 *   kind: 4,
 *   tags: [["t", "nostr", "more"]],
 *   content: "",
 *   sig: "5",
 * };
 * equal(matches({ tags: new Map([["t", new Set(["nostr"])]]), since: 3 }, event), true);
 * equal(matches({ tags: new Map([["t", new Set(["more"])]]) }, event), false);
 * equal(matches({ tags: new Map(), kinds: new Set() }, event), false);
 * ```
 */
export function matches(filter: ReqFilter, event: NostrEvent): boolean {
  const { ids, authors, kinds, tags, since, until } = filter;
  // `since <= created_at <= until`
  if (since !== undefined && event.created_at < since) return false;
  if (until !== undefined && event.created_at > until) return false;
  if (kinds !== undefined && !kinds.has(event.kind)) return false;
  if (authors !== undefined && !authors.has(event.pubkey)) return false;
  if (ids !== undefined && !ids.has(event.id)) return false;
  if (tags.size > 0 && !meetsAll(tags, event.tags)) return false;
  if (filter.allTags !== undefined && !carriesAll(filter.allTags, event.tags)) return false;
  // Last, because the text has to be read for it.
  return filter.search === undefined || meetsSearch(filter.search, event);
}

/** Each letter asked for is met. */
function meetsAll(wanted: ReqFilter["tags"], tags: readonly Tag[]): boolean {
  for (const letter of wanted.keys()) {
    const values = wanted.get(letter);
    if (values !== undefined && !carriesOne(tags, letter, values)) return false;
  }
  return true;
}

/** Each value of each letter is there. As everywhere, nothing is in an empty list. */
function carriesAll(wanted: ReqFilter["tags"], tags: readonly Tag[]): boolean {
  for (const [letter, values] of wanted) {
    const carried = new Set(tags.filter(([name]) => name === letter).map(([, value]) => value));
    if (values.size === 0 || !values.isSubsetOf(carried)) return false;
  }
  return true;
}

/** "Only the first value in any given tag is indexed." A tag without a value has none to be found by. */
function carriesOne(tags: readonly Tag[], letter: string, values: ReadonlySet<string>): boolean {
  for (let i = 0; i < tags.length; i++) {
    const tag = tags[i]!;
    const value = tag[1];
    if (tag[0] === letter && value !== undefined && values.has(value)) return true;
  }
  return false;
}
