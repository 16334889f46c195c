/**
 * Searching from the newest events backwards: how far to look in one step.
 *
 * What has a rare word is found by looking at all of time at once; of a common one the last hours are
 * enough, and more would be too much. How common the words are shows as the walk goes: each step is as
 * long as what the one before found lets expect.
 *
 * @see NIP-50
 * @module
 */

import { SHORTEST_WINDOW_S } from "./facet.ts";

/** How many of the newest events that match are compared, where nothing else is said. */
export const DEFAULT_SEARCH_CANDIDATES = 2_000;

/** An event that a search found. */
export interface Match {
  /** `events.key`. */
  readonly key: number;
  readonly createdAt: number;
  /** How good an answer it is: larger is better. */
  readonly rank: number;
}

/** A stretch of time to look at. */
export interface Stretch {
  /** Seconds since 1970, inclusive. */
  readonly since: number;
  /** Seconds since 1970, exclusive. */
  readonly before: number;
  /** How many of the newest that match are compared. */
  readonly wanted: number;
  /** The most that may be looked at. */
  readonly most: number;
}

/** What is in a stretch of time. */
export interface Found {
  /** How many were looked at; more than may be, when there are more. */
  readonly looked: number;
  /** How many of them match and were compared. */
  readonly compared: number;
  /** The best of these. */
  readonly best: readonly Match[];
}

/** What {@link walkBack} goes through. */
export interface Walk {
  /** Seconds since 1970, inclusive. */
  readonly since: number;
  /** Seconds since 1970, exclusive: right behind the newest event. */
  readonly before: number;
  /** How long a time the newest events cover that are as many as `candidates`. */
  readonly lengthS: number;
  /** How many of the newest that match are compared. */
  readonly candidates: number;
}

/** What a walk found. */
export interface Harvest extends Pick<Found, "compared" | "best"> {
  /** Whether nothing that matches was passed over. */
  readonly isWhole: boolean;
}

/**
 * The best of the newest that match, best first, then the newest first. Of a few minutes that have more
 * matches than may be looked at, any of them are taken.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { walkBack } from "./search_walk.ts";
 *
 * const fox = { key: 1, createdAt: 5, rank: 0.5 };
 * const walk = { since: 0, before: 1_000_000, lengthS: 1_000, candidates: 10 };
 * const found = await walkBack(walk, ({ since }) => Promise.resolve(
 *   since > 5 ? { looked: 0, compared: 0, best: [] } : { looked: 1, compared: 1, best: [fox] }
 * ));
 * deepEqual(found, { compared: 1, best: [fox], isWhole: true });
 * ```
 */
export async function walkBack(
  { since, before, lengthS, candidates }: Walk,
  look: (stretch: Stretch) => Promise<Found>,
): Promise<Harvest> {
  const most = candidates * MOST_LOOKED_AT;
  const matches: Match[] = [];
  let end = before;
  let length = Math.max(lengthS, SHORTEST_WINDOW_S);
  /** From here to `end` there is known to be too much to look at. */
  let fullSince = Infinity;
  let compared = 0;
  let isWhole = true;
  for (let step = 0; step < MAX_STEPS && compared < candidates && end > since; step++) {
    if (end > fullSince) length = Math.max(SHORTEST_WINDOW_S, Math.ceil((end - fullSince) / 2));
    const start = Math.max(since, end - length);
    const found = await look({ since: start, before: end, wanted: candidates - compared, most });
    const isTooMuch = found.looked > most;
    if (isTooMuch && length > SHORTEST_WINDOW_S) {
      fullSince = start;
      continue;
    }
    if (isTooMuch) isWhole = false;
    matches.push(...found.best);
    compared += found.compared;
    end = start;
    length = nextLength(length, found.compared, Math.max(candidates - compared, candidates / 8));
  }
  return { compared, best: matches.sort(bestFirst), isWhole: isWhole && end <= since };
}

/** How many times as many as are compared a step may look at. */
const MOST_LOOKED_AT = 2;

/**
 * A bound on what a search costs when the words come in bursts. To find the minute of one in which a step
 * found too much, halving that takes about twenty.
 */
const MAX_STEPS = 32;

/** A step is never so many times as long as the one before: what is old may be denser. */
const MAX_GROWTH = 64;

/**
 * So long that about half as many again as are wanted are found, if the next stretch is no denser than
 * this one can have been by bad luck.
 */
function nextLength(length: number, found: number, wanted: number): number {
  const likely = found + 2 * Math.sqrt(found) + 4;
  const growth = Math.min(MAX_GROWTH, 1.5 * wanted / likely);
  return Math.max(SHORTEST_WINDOW_S, Math.ceil(length * growth));
}

function bestFirst(a: Match, b: Match): number {
  return b.rank - a.rank || b.createdAt - a.createdAt || a.key - b.key;
}
