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
    let low = 0;
    let high = this.size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const other = this.#texts[middle]!;
      if (other === text) return true;
      if (other < text) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }

  /** Looks up each value of the smaller set in the larger one. */
  isDisjointFrom(other: ReadonlySet<string>): boolean {
    return this.size < other.size
      ? this.#texts.every((text) => !other.has(text))
      : other.values().every((text) => !this.has(text));
  }

  isSubsetOf(other: ReadonlySet<string>): boolean {
    return this.#texts.every((text) => other.has(text));
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#texts[Symbol.iterator]();
  }
}

/** Converts a filter to its compact form. */
export function liveFilter(filter: ReqFilter): MatchableFilter {
  const { ids, authors, tags } = filter;
  return {
    ...filter,
    ...ids !== undefined && { ids: compact(ids, true) },
    ...authors !== undefined && { authors: compact(authors, true) },
    // Values of `#e` and `#p` are ids and public keys.
    tags: new Map(
      tags.entries().map(([letter, values]) => [letter, compact(values, /^[ep]$/.test(letter))]),
    ),
  };
}

function compact(values: ReadonlySet<string>, areKeys: boolean): ValueSet<string> {
  if (values.size < MANY_KEYS || values instanceof KeySet) return values;
  return (areKeys ? KeySet.of([...values]) : undefined) ?? new TextSet(values);
}
