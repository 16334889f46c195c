/**
 * A search proceeds from the newest events backwards; this decides how far it looks in one step.
 *
 * A rare word is found by reading its whole index list at once. For a common one, the last hours
 * are enough and more would cost too much. How common the words are shows as the walk proceeds: the
 * length of each step follows from what the previous one found.
 *
 * @see NIP-50
 * @module
 */

import { SHORTEST_WINDOW_S } from "./facet.ts";
import type { Rarity } from "./word_shares.ts";

/** How many of the newest matching events are compared at most, by default. */
export const DEFAULT_SEARCH_CANDIDATES = 2_000;

/** The ratio of compared events to wanted ones, so that the cost of a search follows its limit. */
const CHOICE = 4;

/** At least this many are compared, however few are wanted. */
const MIN_CANDIDATES = 200;

/**
 * How many of the newest matching events are compared to find the best `limit`.
 *
 * @param most the maximum from the settings.
 */
export function candidatesFor(limit: number, most: number): number {
  return Math.min(most, Math.max(MIN_CANDIDATES, CHOICE * limit));
}

/** An event that a search found. */
export interface Match {
  /** `events.key`. */
  readonly key: number;
  readonly createdAt: number;
  /** Its relevance: larger is better. */
  readonly rank: number;
}

/** A time range to search in one step. */
export interface TimeRange {
  /** Seconds since 1970, inclusive. */
  readonly since: number;
  /** Seconds since 1970, exclusive. */
  readonly before: number;
  /** How many of the newest matches are compared. */
  readonly wanted: number;
  /** The most index entries that may be read. */
  readonly most: number;
  /**
   * Whether time windows are part of the index condition. If not, the index returns matches of all
   * times, which is faster where there are few.
   */
  readonly isSelective: boolean;
}

/** What one step found. */
export interface Found {
  /** How many index entries were read; `most + 1` when there are more than allowed. */
  readonly looked: number;
  /** How many of them match and were compared. */
  readonly compared: number;
  /** The best of these. */
  readonly best: readonly Match[];
}

/** The input of {@link walkBack}. */
export interface Walk {
  /** Seconds since 1970, inclusive. */
  readonly since: number;
  /** Seconds since 1970, exclusive: the second after the newest event. */
  readonly before: number;
  /** Events in a second, with these words or without. */
  readonly eventsPerS: number;
  /** How many of the newest matches are compared. */
  readonly candidates: number;
  /** How rare the words are, if known. */
  readonly rarity?: Rarity | undefined;
}

/** What a search found. */
export interface SearchResult extends Pick<Found, "compared" | "best"> {
  /** Whether no match was skipped. */
  readonly isWhole: boolean;
}

/**
 * The best of the newest matches, best first, then newest first. If the shortest window has more
 * matches than may be read, an arbitrary part of them is taken.
 */
export async function walkBack(
  walk: Walk,
  look: (range: TimeRange) => Promise<Found>,
): Promise<SearchResult> {
  const walker = new Walker(walk);
  for (let step = 0; step < MAX_STEPS && walker.isUnderway; step++) {
    const range = walker.nextRange();
    walker.take(range, await look(range));
  }
  return walker.result();
}

/**
 * Bounds the cost when matches come in bursts. About twenty halvings find the right minute of one.
 */
const MAX_STEPS = 32;

/** The most entries read in a step: this, or twice the number compared if that is more. */
export const MIN_LOOKED_AT = 2_000;
const MOST_LOOKED_AT = 2;

/**
 * Events in the first step when the rarity is unknown: enough to judge a word that one event in a
 * thousand has.
 */
const FIRST_STEP = 3_000;

/** Not all events have words. Assumes that every second one does. */
const PER_EVENT_WITH_WORDS = 2;

/**
 * To select a time window, the index passes over entries of other times: this many take as long as
 * reading one event.
 */
const PASSED_PER_LOOK = 300;

/** The position of a walk, and what it has found. */
class Walker {
  readonly #walk: Walk;
  readonly #most: number;
  readonly #matches: Match[] = [];
  #compared = 0;
  #end: number;
  #lengthS: number;
  /** From here to the end there is known to be too much to read. */
  #fullSince = Infinity;
  /** Whether all remaining matches of all times are expected to be few enough to read at once. */
  #isFew = false;
  #wasWrong = false;
  #isWhole = true;

  constructor(walk: Walk) {
    this.#walk = walk;
    this.#most = Math.max(MIN_LOOKED_AT, MOST_LOOKED_AT * walk.candidates);
    this.#end = walk.before;
    const { candidates, rarity } = walk;
    const events = rarity === undefined
      ? Math.max(FIRST_STEP, candidates)
      : PER_EVENT_WITH_WORDS * candidates / rarity.share;
    this.#lengthS = this.#lengthOf(events / walk.eventsPerS);
    this.#isFew = rarity !== undefined && this.#isSooner(rarity.events);
  }

  get isUnderway(): boolean {
    return this.#compared < this.#walk.candidates && this.#end > this.#walk.since;
  }

  /** The range to search next. */
  nextRange(): TimeRange {
    const { since, candidates } = this.#walk;
    return {
      since: this.#isFew ? since : Math.max(since, this.#end - this.#lengthS),
      before: this.#end,
      wanted: candidates - this.#compared,
      most: this.#most,
      isSelective: !this.#isFew,
    };
  }

  take({ since, before, isSelective }: TimeRange, { looked, compared, best }: Found): void {
    const isTooMuch = looked > this.#most;
    if (isTooMuch && !isSelective) {
      this.#isFew = false;
      this.#wasWrong = true;
      return;
    }
    if (isTooMuch && this.#lengthS > SHORTEST_WINDOW_S) return this.#shorten(since);
    if (isTooMuch) this.#isWhole = false;
    this.#matches.push(...best);
    this.#compared += compared;
    this.#end = since;
    this.#plan(compared, before - since);
  }

  result(): SearchResult {
    return {
      compared: this.#compared,
      best: this.#matches.sort(bestFirst),
      isWhole: this.#isWhole && this.#end <= this.#walk.since,
    };
  }

  /** Chooses a part of the range that should be enough, if matches are evenly spread. */
  #shorten(fullSince: number): void {
    this.#fullSince = fullSince;
    this.#takePart(Math.min(0.5, 2 * (this.#walk.candidates - this.#compared) / this.#most));
  }

  /** A part of the range that is known to have too much. */
  #takePart(part: number): void {
    this.#lengthS = this.#lengthOf(part * (this.#end - this.#fullSince));
  }

  /** Chooses the next step from the number of matches in the last one and its length. */
  #plan(found: number, lengthS: number): void {
    if (this.#end > this.#fullSince) return this.#takePart(0.5);
    const { since } = this.#walk;
    this.#lengthS = this.#lengthOf(lengthS * this.#wanted / atLeast(found));
    const all = this.#compared + (found + 1) * (this.#end - since) / lengthS;
    this.#isFew = !this.#wasWrong && this.#isSooner(all);
  }

  /** Whether reading all matches of all times, `all`, is cheaper than the next step. */
  #isSooner(all: number): boolean {
    const passed = this.#lengthS * this.#walk.eventsPerS;
    return all <= Math.min(0.7 * this.#most, this.#wanted + passed / PASSED_PER_LOOK);
  }

  /** A little more than is missing, because an additional step costs more. */
  get #wanted(): number {
    return 1.125 * this.#walk.candidates - this.#compared;
  }

  #lengthOf(seconds: number): number {
    return Math.max(SHORTEST_WINDOW_S, Math.ceil(seconds));
  }
}

/** A cautious estimate of the matches in a range as long as one in which `found` were found. */
function atLeast(found: number): number {
  return Math.max(found / 2, found - 1.5 * Math.sqrt(found)) + 0.5;
}

function bestFirst(a: Match, b: Match): number {
  return b.rank - a.rank || b.createdAt - a.createdAt || a.key - b.key;
}
