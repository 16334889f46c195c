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

/** The earlier and the later half. The range has two seconds or more. */
export function halves({ since, until }: TimeRange): readonly [TimeRange, TimeRange] {
  const middle = Math.floor((since + until) / 2);
  return [{ since, until: middle }, { since: middle + 1, until }];
}

/** The range as conditions of a filter. A relay may not know of so distant a future. */
export function timesOf({ since, until }: TimeRange): Partial<TimeRange> {
  return { ...since > 0 && { since }, ...until < END_OF_TIME_S && { until } };
}
