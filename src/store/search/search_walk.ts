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
import type { Rarity } from "./word_shares.ts";

/** How many of the newest events that match are compared at most, where nothing else is said. */
export const DEFAULT_SEARCH_CANDIDATES = 2_000;

/** Of so many times as many as are wanted the best are chosen, so that a search costs what its limit says. */
const CHOICE = 4;

/** However few are wanted, they are chosen among so many. */
const MIN_CANDIDATES = 200;

/**
 * How many of the newest events that match are compared to find the best `limit`.
 *
 * @param most what the settings allow.
 */
export function candidatesFor(limit: number, most: number): number {
  return Math.min(most, Math.max(MIN_CANDIDATES, CHOICE * limit));
}

/** An event that a search found. */
export interface Match {
  /** `events.key`. */
  readonly key: number;
  readonly createdAt: number;
  /** How good an answer it is: larger is better. */
  readonly rank: number;
}

/** A stretch of time to look at. */
export interface TimeRange {
  /** Seconds since 1970, inclusive. */
  readonly since: number;
  /** Seconds since 1970, exclusive. */
  readonly before: number;
  /** How many of the newest that match are compared. */
  readonly wanted: number;
  /** The most that may be looked at. */
  readonly most: number;
  /**
   * Whether the index is asked for this time besides words. If not, it gives what it has of all times,
   * which is quicker where that is little.
   */
  readonly isSelective: boolean;
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
  /** How many events there are in a second, with these words or without. */
  readonly eventsPerS: number;
  /** How many of the newest that match are compared. */
  readonly candidates: number;
  /** How rare the words are, as far as that is known. */
  readonly rarity?: Rarity | undefined;
}

/** What a walk found. */
export interface SearchResult extends Pick<Found, "compared" | "best"> {
  /** Whether nothing that matches was passed over. */
  readonly isWhole: boolean;
}

/**
 * The best of the newest that match, best first, then the newest first. Of a few minutes that have more
 * matches than may be looked at, any of them are taken.
 */
export async function walkBack(
  walk: Walk,
  look: (stretch: TimeRange) => Promise<Found>,
): Promise<SearchResult> {
  const walker = new Walker(walk);
  for (let step = 0; step < MAX_STEPS && walker.isUnderway; step++) {
    const stretch = walker.stretch();
    walker.take(stretch, await look(stretch));
  }
  return walker.harvest();
}

/**
 * A bound on what a search costs when the words come in bursts. To find the minute of one in which a step
 * found too much, halving that takes about twenty.
 */
const MAX_STEPS = 32;

/** So many may be looked at in a step, and more where so many times as many as are compared are more. */
export const MIN_LOOKED_AT = 2_000;
const MOST_LOOKED_AT = 2;

/** How many events there are in the first step, for what one in a thousand has to show, if nothing is known. */
const FIRST_STEP = 3_000;

/** Not all events have words: if every second one has, so many times as many are as many with words. */
const PER_EVENT_WITH_WORDS = 2;

/** To pick those of a time out, the index goes through its events: so many take as long as to look at one. */
const PASSED_PER_LOOK = 300;

/** A step is never so many times as long as the one before: what is old may be denser. */
const MAX_GROWTH = 64;

/** Where a walk is, and what it has found. */
class Walker {
  readonly #walk: Walk;
  readonly #most: number;
  readonly #matches: Match[] = [];
  #compared = 0;
  #end: number;
  #lengthS: number;
  /** From here to the end there is known to be too much to look at. */
  #fullSince = Infinity;
  /** Whether all that is left is likely to be no more than may be looked at, whenever it was. */
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

  /** What is to be looked at next. */
  stretch(): TimeRange {
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

  harvest(): SearchResult {
    return {
      compared: this.#compared,
      best: this.#matches.sort(bestFirst),
      isWhole: this.#isWhole && this.#end <= this.#walk.since,
    };
  }

  /** If what is too much is even, a part of it that is enough. */
  #shorten(fullSince: number): void {
    this.#fullSince = fullSince;
    this.#takePart(Math.min(0.5, 2 * (this.#walk.candidates - this.#compared) / this.#most));
  }

  /** Of the time in which there is known to be too much. */
  #takePart(part: number): void {
    this.#lengthS = this.#lengthOf(part * (this.#end - this.#fullSince));
  }

  /** What comes next, by how many the last step found and how long it was. */
  #plan(found: number, lengthS: number): void {
    if (this.#end > this.#fullSince) return this.#takePart(0.5);
    const { since } = this.#walk;
    this.#lengthS = this.#lengthOf(lengthS * Math.min(MAX_GROWTH, this.#wanted / atLeast(found)));
    const all = this.#compared + (found + 1) * (this.#end - since) / lengthS;
    this.#isFew = !this.#wasWrong && this.#isSooner(all);
  }

  /** Whether `all` that match, of all times, are sooner looked at than those of the next step. */
  #isSooner(all: number): boolean {
    const passed = this.#lengthS * this.#walk.eventsPerS;
    return all <= Math.min(0.7 * this.#most, this.#wanted + passed / PASSED_PER_LOOK);
  }

  /** Some more than are missing: a step for the last of them costs more than these do. */
  get #wanted(): number {
    return 1.125 * this.#walk.candidates - this.#compared;
  }

  #lengthOf(seconds: number): number {
    return Math.max(SHORTEST_WINDOW_S, Math.ceil(seconds));
  }
}

/** How many there are in as long a time, rather too few, after so many were found in one. */
function atLeast(found: number): number {
  return Math.max(found / 2, found - 1.5 * Math.sqrt(found)) + 0.5;
}

function bestFirst(a: Match, b: Match): number {
  return b.rank - a.rank || b.createdAt - a.createdAt || a.key - b.key;
}
