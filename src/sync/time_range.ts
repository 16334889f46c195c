/**
 * Ranges of time, by which a comparison is split where it is too much at once.
 *
 * @module
 */

import type { ReqFilter } from "../nostr/filter.ts";

/** Seconds since 1970, both inclusive. */
export interface TimeRange {
  readonly since: number;
  readonly until: number;
}

/** After every plausible event, seconds since 1970. */
const END_OF_TIME_S = 2 ** 33;

/** The range that a filter asks for. */
export function rangeOf({ since = 0, until = END_OF_TIME_S }: ReqFilter): TimeRange {
  return { since, until };
}

/** Nearly all events are from between these times, seconds since 1970: the ends of 2020 and 2032. */
const USUAL_S = [1_600_000_000, 2_000_000_000] as const;

/**
 * An earlier and a later part, each with about half of what is usual in the range, which has two
 * seconds or more.
 */
export function halves(range: TimeRange): readonly [TimeRange, TimeRange] {
  const { since, until } = range;
  const [usualSince, usualUntil] = USUAL_S;
  const low = Math.min(Math.max(since, usualSince), until);
  const high = Math.max(Math.min(until, usualUntil), since);
  const middle = low < high ? Math.floor((low + high) / 2) : Math.floor((since + until) / 2);
  return splitAfter(range, middle);
}

/** What is up to a second, and what is after it. */
export function splitAfter(
  { since, until }: TimeRange,
  second: number,
): readonly [TimeRange, TimeRange] {
  return [{ since, until: second }, { since: second + 1, until }];
}

/** The range as conditions of a filter. A relay may not know of so distant a future. */
export function timesOf({ since, until }: TimeRange): Partial<TimeRange> {
  return { ...since > 0 && { since }, ...until < END_OF_TIME_S && { until } };
}
