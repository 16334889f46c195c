/**
 * Facets: what a search asks for besides words, as numbers that stand in the same index as the words.
 *
 * An index of words gives events in no order, so the newest with a common word could only be found by
 * reading all that have it. Each event therefore also has as facets the windows of time that it falls
 * into, from minutes to half a year, and its kind, author and tags. The index gives what has the words
 * *and* a window *and* the rest by skipping through its lists, at a cost that follows the shortest of them.
 *
 * A facet has 64 bits: one byte says of what it is, seven tell the values apart; those of authors and tags
 * are the beginning of their fingerprints. Two values may share a facet, so what was found is checked.
 *
 * @see NIP-50
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { authorFingerprint, type Fingerprint } from "../fingerprint.ts";
import { indexedTags } from "../indexed_tags.ts";

/** Facets, of which an event must have one, or every one. As decimal numbers. */
export interface FacetCondition {
  readonly facets: readonly string[];
  readonly every: boolean;
  /** Whether most events with words meet it. */
  readonly isUsual?: boolean;
}

/** The conditions that are facets too. */
export interface FacetedConditions {
  readonly authors?: readonly Fingerprint[];
  readonly kinds?: readonly number[];
  readonly tags: readonly {
    readonly values: readonly Fingerprint[];
    readonly every?: boolean;
  }[];
}

/**
 * What stands in the byte before a facet. Windows have 1 to 5, from short to long; authors and tags what
 * their fingerprints begin with, 7 and the ASCII code of the letter.
 */
const KIND = 6;

/** Text notes: most of what has words is of this kind. */
const NOTE_KIND = 1;

/** How long the windows are, as powers of two of seconds: 4 minutes, 68 minutes, 18 hours, 12 and 194 days. */
const WINDOW_BITS = [8, 12, 16, 20, 24] as const;

/** The shortest window, seconds. */
export const SHORTEST_WINDOW_S = 2 ** WINDOW_BITS[0];

/** A stretch of time that no fewer windows cover is as good as all of time. */
const MAX_WINDOWS = 128;

/**
 * All facets of an event, each once, as decimal numbers.
 */
export function eventFacets(event: NostrEvent, hashText: HashText): readonly string[] {
  const windows = WINDOW_BITS.map((bits, level) => windowFacet(level, windowAt(bits, event)));
  const fingerprints = [authorFingerprint(event.pubkey, hashText), ...indexedTags(event, hashText)];
  return [...windows, kindFacet(event.kind), ...fingerprints.map(facetOf)];
}

/**
 * What the facets of an event must be for it to meet the conditions.
 */
export function facetConditions(
  { authors, kinds, tags }: FacetedConditions,
): readonly FacetCondition[] {
  return [
    ...(kinds
      ? [{
        facets: kinds.map(kindFacet),
        every: false,
        ...(kinds.includes(NOTE_KIND) && { isUsual: true }),
      }]
      : []),
    ...(authors ? [{ facets: authors.map(facetOf), every: false }] : []),
    ...tags.map(({ values, every = false }) => ({ facets: values.map(facetOf), every })),
  ];
}

/**
 * The windows that cover a stretch of time, and at its ends up to a quarter of it more; undefined where
 * it is so long that they would tell nothing apart.
 *
 * @param since seconds since 1970, inclusive.
 * @param before seconds since 1970, exclusive.
 */
export function windowsOver(since: number, before: number): FacetCondition | undefined {
  const quarter = (before - since) / 4;
  const level = Math.max(0, WINDOW_BITS.findLastIndex((bits) => 2 ** bits <= quarter));
  const bits = WINDOW_BITS[level]!;
  const first = windowAt(bits, { created_at: since });
  const count = windowAt(bits, { created_at: before - 1 }) - first + 1;
  if (count > MAX_WINDOWS) return undefined;
  const facets = Array.from({ length: count }, (_, place) => windowFacet(level, first + place));
  return { facets, every: false };
}

function windowAt(bits: number, { created_at }: Pick<NostrEvent, "created_at">): number {
  return Math.floor(created_at / 2 ** bits);
}

function windowFacet(level: number, window: number): string {
  return facet(level + 1, window.toString(16));
}

function kindFacet(kind: number): string {
  return facet(KIND, kind.toString(16));
}

function facet(type: number, hex: string): string {
  return facetOf(type.toString(16).padStart(2, "0") + hex.padStart(14, "0"));
}

/** The number that a fingerprint begins with. */
function facetOf(fingerprint: Fingerprint): string {
  return String(BigInt(`0x${fingerprint.slice(0, 16)}`));
}
