/**
 * Whether an event is what a filter asks for.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { NostrEvent } from "./event.ts";
import type { ReqFilter } from "./filter.ts";
import { meetsSearch } from "./search.ts";

/** What a list of a filter has to answer, however it is kept. */
export type ValueSet<T> =
  & Pick<ReadonlySet<T>, "size" | "has" | "isDisjointFrom" | "isSubsetOf">
  & Iterable<T>;

/** A filter as far as matching is concerned. */
export interface MatchableFilter extends Omit<ReqFilter, "ids" | "authors" | "tags"> {
  readonly ids?: ValueSet<string>;
  readonly authors?: ValueSet<string>;
  readonly tags: ReadonlyMap<string, ValueSet<string>>;
}

/**
 * An event as filters ask about it: its tags are read once, however many filters are compared with it.
 *
 * @see NIP-01 "only the first value in any given tag is indexed"
 *
 * @example
 * ```ts
 * import { TaggedEvent } from "./match.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * const tags = [["t", "a"], ["t", "a", "more"], ["t", "b"], ["title", "c"], ["t"]];
 * const event = { id: "1", pubkey: "2", created_at: 3, kind: 4, tags, content: "", sig: "5" };
 * deepEqual(new TaggedEvent(event).valuesOf("t"), new Set(["a", "b"]));
 * ```
 */
export class TaggedEvent {
  readonly event: NostrEvent;
  /** Letter → distinct values; made at the first question. */
  #values: Map<string, Set<string>> | undefined = undefined;

  constructor(event: NostrEvent) {
    this.event = event;
  }

  /** The values that the tags of this letter have; none where there is no such tag. */
  valuesOf(letter: string): ReadonlySet<string> {
    return this.values.get(letter) ?? NO_VALUES;
  }

  /** Letter → distinct values, of all tags that a filter can name: those of one letter. */
  get values(): ReadonlyMap<string, ReadonlySet<string>> {
    if (this.#values !== undefined) return this.#values;
    const values = new Map<string, Set<string>>();
    for (const [name, value] of this.event.tags) {
      // A tag without a value has none to be found by.
      if (name!.length !== 1 || value === undefined) continue;
      const known = values.get(name!);
      if (known === undefined) values.set(name!, new Set([value]));
      else known.add(value);
    }
    this.#values = values;
    return values;
  }
}

const NO_VALUES: ReadonlySet<string> = new Set();

/**
 * Whether `event` meets every condition of `filter`. `limit` is none: it bounds the stored events of one
 * answer. An event that is compared with many filters is given as a {@link TaggedEvent}: then each
 * comparison costs no more than the filter is long, whatever the event carries.
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
export function matches(filter: MatchableFilter, event: NostrEvent | TaggedEvent): boolean {
  const isTagged = event instanceof TaggedEvent;
  return meetsFields(filter, isTagged ? event.event : event) &&
    (isTagged ? meetsTags(filter, event) : meetsTagsOnce(filter, event)) &&
    // Last, because the text has to be read for it.
    (filter.search === undefined || meetsSearch(filter.search, isTagged ? event.event : event));
}

function meetsFields(filter: MatchableFilter, event: NostrEvent): boolean {
  const { ids, authors, kinds, since, until } = filter;
  // `since <= created_at <= until`
  if (since !== undefined && event.created_at < since) return false;
  if (until !== undefined && event.created_at > until) return false;
  if (kinds !== undefined && !kinds.has(event.kind)) return false;
  if (authors !== undefined && !authors.has(event.pubkey)) return false;
  return ids === undefined || ids.has(event.id);
}

/** One of the values of each letter, and all values of each letter of `allTags`. */
function meetsTags({ tags, allTags }: MatchableFilter, event: TaggedEvent): boolean {
  for (const [letter, wanted] of tags) {
    if (wanted.isDisjointFrom(event.valuesOf(letter))) return false;
  }
  if (allTags === undefined) return true;
  for (const [letter, wanted] of allTags) {
    // As everywhere, nothing is in an empty list.
    if (wanted.size === 0 || !wanted.isSubsetOf(event.valuesOf(letter))) return false;
  }
  return true;
}

/** The same for an event that is compared with one filter: to walk its tags is less than to index them. */
function meetsTagsOnce(filter: MatchableFilter, event: NostrEvent): boolean {
  if (filter.allTags !== undefined) return meetsTags(filter, new TaggedEvent(event));
  for (const [letter, wanted] of filter.tags) {
    if (!carriesOne(event, letter, wanted)) return false;
  }
  return true;
}

function carriesOne({ tags }: NostrEvent, letter: string, wanted: ValueSet<string>): boolean {
  for (let i = 0; i < tags.length; i++) {
    const tag = tags[i]!;
    if (tag[0] === letter && tag[1] !== undefined && wanted.has(tag[1])) return true;
  }
  return false;
}
