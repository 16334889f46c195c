/**
 * The inverted index of live filters: finds the filters that an event may match.
 *
 * @module
 */

import { isHex, KEY_DIGITS } from "../../nostr/hex.ts";
import { keyHash, KeySet } from "../../nostr/key_set.ts";
import type { MatchableFilter, TaggedEvent, ValueSet } from "../../nostr/match.ts";

/**
 * Where a filter is registered: under each of `values` of one field. Tag letters are prefixed with
 * `#`, so that none can be taken for a field.
 */
export interface Place {
  readonly field: "ids" | "authors" | "kinds" | "any" | `#${string}`;
  readonly values: Iterable<string | number>;
  readonly size: number;
  /** Cost of comparing the filter with an event, in values examined; at least 1. */
  readonly comparisonSteps: number;
}

/** A filter and where it is registered. */
export interface FilterEntry {
  readonly filter: MatchableFilter;
  readonly place: Place;
}

/** The value for filters without an indexed condition, such as `{}` or `{"since": 1}`. */
const NO_VALUE = 0;

/**
 * Number of filters under one value above which another field of a new filter is preferred, if its
 * values have fewer. Otherwise thousands of filters for one author would all be compared with each
 * event of it.
 */
const CROWDED = 64;

/** How many values of an `allTags` list are considered as places. */
const MAX_CANDIDATE_VALUES = 8;

/** Fields whose values are ids or public keys. */
const HASHED: ReadonlySet<Place["field"]> = new Set(["ids", "authors", "#e", "#p"]);

/** A single filter, the usual case, is stored without a Set. */
type Entries<E> = E | Set<E>;

/** Filters by the values of the field they are registered under. */
export class FilterIndex<E extends FilterEntry> {
  readonly #fields = new Map<Place["field"], Map<string | number, Entries<E>>>();
  /** Odd, because it multiplies modulo 2^32. */
  readonly #seed: number;
  #values = 0;

  /** @param seed 32 bits unknown to peers, so that they cannot construct keys with equal hashes */
  constructor(seed = 0) {
    this.#seed = (seed ^ 0x9e3779b1) | 1;
  }

  /** Number of values that filters are registered under, counted for each filter. */
  get values(): number {
    return this.#values;
  }

  /**
   * The most selective place of a filter: the field with the fewest values, kinds last, unless many
   * filters are registered there and fewer elsewhere.
   */
  choosePlace(filter: MatchableFilter): Place {
    const places = placesOf(filter);
    let best = places[0]!;
    if (places.length === 1) return best;
    let fewest = Infinity;
    for (const place of places) {
      const crowd = this.#crowd(place);
      if (crowd < fewest) {
        best = place;
        fewest = crowd;
      }
      if (fewest <= CROWDED) break;
    }
    return best;
  }

  /** Registers a filter under all values of its place or, on an error, under none. */
  add(entry: E): void {
    const { field, size } = entry.place;
    let entries = this.#fields.get(field);
    if (entries === undefined) this.#fields.set(field, entries = new Map());
    try {
      for (const key of this.#keysOf(entry.place)) addTo(entries, key, entry);
    } catch (error) {
      // A Map throws when it reaches its maximum size.
      this.#remove(entry);
      throw error;
    }
    this.#values += size;
  }

  delete(entry: E): void {
    this.#remove(entry);
    this.#values -= entry.place.size;
  }

  #remove(entry: E): void {
    const { field } = entry.place;
    const entries = this.#fields.get(field);
    if (entries === undefined) return;
    for (const key of this.#keysOf(entry.place)) removeFrom(entries, key, entry);
    if (entries.size === 0) this.#fields.delete(field);
  }

  /**
   * The filters that `event` may match. A filter registered under several values of the event is
   * returned for each. Filters added or removed during the iteration may be missing or included.
   */
  *candidates(tagged: TaggedEvent): Generator<E, undefined> {
    const { event } = tagged;
    yield* this.#under("ids", event.id);
    yield* this.#under("authors", event.pubkey);
    for (const field of this.#fields.keys()) {
      if (!field.startsWith("#")) continue;
      for (const value of tagged.valuesOf(field.slice(1))) {
        yield* this.#under(field, value);
      }
    }
    yield* this.#under("kinds", event.kind);
    yield* this.#under("any", NO_VALUE);
  }

  *#under(field: Place["field"], value: string | number): Generator<E, undefined> {
    const entries = this.#fields.get(field)?.get(this.#keyOf(field, value));
    if (entries instanceof Set) yield* entries;
    else if (entries !== undefined) yield entries;
  }

  /** The keys of the values of a place. */
  #keysOf({ field, values }: Place): Iterable<string | number> {
    if (!(values instanceof KeySet)) {
      return Iterator.from(values).map((value) => this.#keyOf(field, value));
    }
    const keys = new Int32Array(values.size);
    for (let place = 0; place < keys.length; place++) {
      keys[place] = values.hashAt(place, this.#seed);
    }
    return keys;
  }

  /**
   * Ids and public keys are hashed: a number takes a third of the memory. A collision is found when
   * the filter is compared with the event.
   */
  #keyOf(field: Place["field"], value: string | number): string | number {
    return typeof value === "string" && HASHED.has(field) && isHex(value, KEY_DIGITS)
      ? keyHash(value, this.#seed)
      : value;
  }

  /** The largest number of filters registered under any of the values. */
  #crowd(place: Place): number {
    const entries = this.#fields.get(place.field);
    if (entries === undefined) return 0;
    let most = 0;
    for (const key of this.#keysOf(place)) {
      const under = entries.get(key);
      if (under === undefined) continue;
      most = Math.max(most, under instanceof Set ? under.size : 1);
      if (most > CROWDED) break;
    }
    return most;
  }
}

function addTo<E>(entries: Map<string | number, Entries<E>>, value: string | number, entry: E) {
  const under = entries.get(value);
  if (under === undefined) entries.set(value, entry);
  else if (under instanceof Set) under.add(entry);
  else if (under !== entry) entries.set(value, new Set([under, entry]));
}

function removeFrom<E>(
  entries: Map<string | number, Entries<E>>,
  value: string | number,
  entry: E,
) {
  const under = entries.get(value);
  if (under === entry) entries.delete(value);
  else if (under instanceof Set && under.delete(entry) && under.size === 0) entries.delete(value);
}

/** All places that a filter could have, most selective first. */
function placesOf(filter: MatchableFilter): readonly Place[] {
  const { ids, authors, kinds, tags, allTags } = filter;
  const comparisonSteps = stepsOf(filter);
  const make = (field: Place["field"], values: ValueSet<string> | ValueSet<number>): Place => ({
    field,
    values,
    size: values.size,
    comparisonSteps,
  });
  const places: Place[] = [];
  if (ids !== undefined) places.push(make("ids", ids));
  if (authors !== undefined) places.push(make("authors", authors));
  for (const [letter, values] of tags) places.push(make(`#${letter}`, values));
  for (const [letter, values] of allTags ?? []) {
    // An event that has all of the values has each of them, so one value is enough.
    const alone = values.values().take(MAX_CANDIDATE_VALUES).map((value) => new Set([value]));
    // A filter with an empty list matches nothing and is registered under nothing.
    for (const some of values.size === 0 ? [values] : alone) places.push(make(`#${letter}`, some));
  }
  places.sort((a, b) => a.size - b.size);
  if (kinds !== undefined) places.push(make("kinds", kinds));
  if (places.length === 0) places.push(make("any", new Set([NO_VALUE])));
  return places;
}

/** Tag lists are iterated; the other fields are looked up. */
function stepsOf({ tags, allTags }: MatchableFilter): number {
  let steps = 1;
  for (const values of tags.values()) steps += values.size;
  for (const values of allTags?.values() ?? []) steps += values.size;
  return steps;
}
