/**
 * Facets: the conditions of a search other than words, as numbers in the same GIN index as the
 * words.
 *
 * A GIN index returns rows in no useful order, so the newest events with a common word could only
 * be found by reading all events with that word. Each event therefore has facets for its kind,
 * author and tags, and for the time windows that contain it, from minutes to half a year. The index
 * intersects the lists of words, window and other facets by skipping through them, at a cost that
 * follows the shortest list.
 *
 * A facet has 64 bits: one byte for its type and seven for its value. Facets of authors and tags
 * are the first 64 bits of their fingerprints. Two values may share a facet, so what is found is
 * checked.
 *
 * @see NIP-50
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import type { HashText } from "../../nostr/event_id.ts";
import { authorFingerprint, type Fingerprint } from "../fingerprint.ts";
import { indexedTags } from "../indexed_tags.ts";

/** The facets of which an event must have one, or every one; decimal numbers. */
export interface FacetCondition {
  readonly facets: readonly string[];
  readonly every: boolean;
  /** Whether most events with words satisfy it. */
  readonly isUsual?: boolean;
}

/** The conditions of a filter that can be expressed as facets. */
interface FacetedConditions {
  readonly authors?: readonly Fingerprint[];
  readonly kinds?: readonly number[];
  readonly tags: readonly {
    readonly values: readonly Fingerprint[];
    readonly every?: boolean;
  }[];
}

/**
 * The type byte of kinds. Windows have 1 to 5, from short to long; authors and tags have the first
 * byte of their fingerprints: 7, or the ASCII code of the letter.
 */
const KIND = 6;

/** Text notes, the most frequent kind among events with words. */
const NOTE_KIND = 1;

/**
 * The window lengths as powers of two of seconds: 4 minutes, 68 minutes, 18 hours, 12 and 194 days.
 */
const WINDOW_BITS = [8, 12, 16, 20, 24] as const;

/** The length of the shortest window, seconds. */
export const SHORTEST_WINDOW_S = 2 ** WINDOW_BITS[0];

/** A range that needs more windows than this is searched without any. */
const MAX_WINDOWS = 128;

/** The facets of an event, without duplicates, as decimal numbers. */
export function eventFacets(event: NostrEvent, hashText: HashText): readonly string[] {
  const windows = WINDOW_BITS.map((bits, level) => windowFacet(level, windowAt(bits, event)));
  const fingerprints = [authorFingerprint(event.pubkey, hashText), ...indexedTags(event, hashText)];
  return [...windows, kindFacet(event.kind), ...fingerprints.map(facetOf)];
}

/** The conditions on facets that an event must satisfy. */
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
 * The windows that cover a time range, and up to a quarter more at each end; undefined where the
 * range is so long that windows would exclude next to nothing.
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

/** The first 64 bits of a fingerprint as a decimal number. */
function facetOf(fingerprint: Fingerprint): string {
  return String(BigInt(`0x${fingerprint.slice(0, 16)}`));
}
