/**
 * Stores live filters compactly, because they last as long as their subscriptions.
 *
 * A key of 64 hex digits takes 80 bytes as a string and as many again as an element of a Set. Here
 * keys are 32 bytes each in one array, and other values are one sorted list.
 *
 * @module
 */

import { concat } from "../../base/bytes.ts";
import type { ReqFilter } from "../../nostr/filter.ts";
import { bytesToHex, hexToBytes, isHex, KEY_DIGITS } from "../../nostr/hex.ts";
import type { MatchableFilter, ValueSet } from "../../nostr/match.ts";

const KEY_BYTES = 32;

/**
 * A set of keys of 64 lower-case hex digits.
 */
export class KeySet implements ValueSet<string> {
  readonly size: number;
  #bytes: Uint8Array;
  /**
   * Sorted on the first search: sorting thousands of keys takes longer than registering them, and a
   * filter indexed by its keys is rarely searched.
   */
  #isSorted = false;

  constructor(keys: ReadonlySet<string>) {
    this.size = keys.size;
    this.#bytes = new Uint8Array(keys.size * KEY_BYTES);
    let at = 0;
    for (const key of keys) {
      this.#bytes.subarray(at, at + KEY_BYTES).setFromHex(key);
      at += KEY_BYTES;
    }
  }

  has(key: string): boolean {
    if (!isHex(key, KEY_DIGITS)) return false;
    const wanted = hexToBytes(key);
    this.#sort();
    return find(this.size, (at) => this.#compare(at, wanted));
  }

  isDisjointFrom(other: ReadonlySet<string>): boolean {
    return isDisjoint(this, other);
  }

  isSubsetOf(other: ReadonlySet<string>): boolean {
    return this[Symbol.iterator]().every((key) => other.has(key));
  }

  *[Symbol.iterator](): Generator<string, undefined> {
    for (let at = 0; at < this.#bytes.length; at += KEY_BYTES) {
      yield bytesToHex(this.#bytes.subarray(at, at + KEY_BYTES));
    }
  }

  #sort(): void {
    if (this.#isSorted) return;
    // Hex digits of one case sort as the bytes do.
    const sorted = [...this].sort().map(hexToBytes);
    this.#bytes = concat(sorted);
    this.#isSorted = true;
  }

  #compare(at: number, wanted: Uint8Array): number {
    const start = at * KEY_BYTES;
    for (let i = 0; i < KEY_BYTES; i++) {
      const difference = this.#bytes[start + i]! - wanted[i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

/**
 * A set of strings.
 */
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

/** Shorter lists stay ordinary Sets. */
const FEW = 8;

/**
 * Converts a filter to its compact form.
 */
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
  if (values.size < FEW) return values;
  const isKey = (value: string) => isHex(value, KEY_DIGITS);
  return areKeys && values.values().every(isKey) ? new KeySet(values) : new TextSet(values);
}
