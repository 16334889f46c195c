/**
 * Stores live filters compactly, because they last as long as their subscriptions.
 *
 * Many keys are a `KeySet`, as the parser makes it, and many other values are one sorted list.
 *
 * @module
 */

import type { ReqFilter } from "../../nostr/filter.ts";
import { KeySet, MANY_KEYS } from "../../nostr/key_set.ts";
import type { MatchableFilter, ValueSet } from "../../nostr/match.ts";

/** A set of strings. */
export class TextSet implements ValueSet<string> {
  readonly #texts: readonly string[];

  constructor(texts: ReadonlySet<string>) {
    this.#texts = [...texts].sort();
  }

  get size(): number {
    return this.#texts.length;
  }

  has(text: string): boolean {
    return find(this.size, (at) => {
      const other = this.#texts[at]!;
      return other < text ? -1 : other > text ? 1 : 0;
    });
  }

  isDisjointFrom(other: ReadonlySet<string>): boolean {
    return isDisjoint(this, other);
  }

  isSubsetOf(other: ReadonlySet<string>): boolean {
    return this.#texts.every((text) => other.has(text));
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#texts[Symbol.iterator]();
  }
}

/** Binary search; `compare` orders the value at an index against the wanted one. */
function find(size: number, compare: (at: number) => number): boolean {
  let low = 0;
  let high = size - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const order = compare(middle);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}

/** Looks up each value of the smaller set in the larger one. */
function isDisjoint(own: ValueSet<string>, other: ReadonlySet<string>): boolean {
  const [few, many] = own.size < other.size ? [own, other] : [other, own];
  for (const value of few) {
    if (many.has(value)) return false;
  }
  return true;
}

/** Converts a filter to its compact form. */
export function liveFilter(filter: ReqFilter): MatchableFilter {
  const { ids, authors, tags } = filter;
  return {
    ...filter,
    ...ids !== undefined && { ids: compact(ids, true) },
    ...authors !== undefined && { authors: compact(authors, true) },
    tags: new Map(
      tags.entries().map(([letter, values]) => [letter, compact(values, isKeyLetter(letter))]),
    ),
  };
}

/** Values of `#e` and `#p` are ids and public keys. */
function isKeyLetter(letter: string): boolean {
  return letter === "e" || letter === "p";
}

function compact(values: ReadonlySet<string>, areKeys: boolean): ValueSet<string> {
  if (values.size < MANY_KEYS || values instanceof KeySet) return values;
  return (areKeys ? KeySet.of([...values]) : undefined) ?? new TextSet(values);
}
