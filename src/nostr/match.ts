/**
 * Matches events against filters.
 *
 * @see NIP-01 "Communication between clients and relays"
 * @module
 */

import type { NostrEvent } from "./event.ts";
import type { ReqFilter } from "./filter.ts";
import { meetsSearch } from "./search.ts";

/** A list of a filter, whatever its representation. */
export type ValueSet<T> =
  & Pick<ReadonlySet<T>, "size" | "has" | "isDisjointFrom" | "isSubsetOf">
  & Iterable<T>;

/** A filter whose lists may have any representation. */
export interface MatchableFilter extends Omit<ReqFilter, "ids" | "authors" | "tags"> {
  readonly ids?: ValueSet<string>;
  readonly authors?: ValueSet<string>;
  readonly tags: ReadonlyMap<string, ValueSet<string>>;
}

/**
 * An event with its tags indexed once, to be matched against many filters.
 *
 * @see NIP-01 "only the first value in any given tag is indexed"
 */
export class TaggedEvent {
  readonly event: NostrEvent;
  /** Letter → distinct values; created on first use. */
  #values: Map<string, Set<string>> | undefined = undefined;

  constructor(event: NostrEvent) {
    this.event = event;
  }

  /** The values of the event's tags with this letter. */
  valuesOf(letter: string): ReadonlySet<string> {
    return this.values.get(letter) ?? NO_VALUES;
  }

  /** Letter → distinct values, of all tags with single-letter names. */
  get values(): ReadonlyMap<string, ReadonlySet<string>> {
    if (this.#values !== undefined) return this.#values;
    const values = new Map<string, Set<string>>();
    for (const [name, value] of this.event.tags) {
      // A tag without a value matches no filter.
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
 * Whether `event` meets all conditions of `filter`. `limit` is not a condition. With a {@link
 * TaggedEvent} the cost depends on the filter alone, not on the number of tags.
 *
 * @see NIP-01 "Communication between clients and relays"
 */
export function matches(filter: MatchableFilter, event: NostrEvent | TaggedEvent): boolean {
  const isTagged = event instanceof TaggedEvent;
  return meetsFields(filter, isTagged ? event.event : event) &&
    (isTagged ? meetsTags(filter, event) : meetsTagsOnce(filter, event)) &&
    // Last, because it has to read the text.
    (filter.search === undefined || meetsSearch(filter.search, isTagged ? event.event : event));
}

function meetsFields(filter: MatchableFilter, event: NostrEvent): boolean {
  const { ids, authors, kinds, since, until } = filter;
  if (since !== undefined && event.created_at < since) return false;
  if (until !== undefined && event.created_at > until) return false;
  if (kinds !== undefined && !kinds.has(event.kind)) return false;
  if (authors !== undefined && !authors.has(event.pubkey)) return false;
  return ids === undefined || ids.has(event.id);
}

/** One of the values of each letter of `tags`, and all values of each letter of `allTags`. */
function meetsTags({ tags, allTags }: MatchableFilter, event: TaggedEvent): boolean {
  for (const [letter, wanted] of tags) {
    if (wanted.isDisjointFrom(event.valuesOf(letter))) return false;
  }
  if (allTags === undefined) return true;
  for (const [letter, wanted] of allTags) {
    // As in any list, an empty one matches nothing.
    if (wanted.size === 0 || !wanted.isSubsetOf(event.valuesOf(letter))) return false;
  }
  return true;
}

/**
 * For an event matched against one filter: iterating over its tags is cheaper than indexing them.
 */
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
