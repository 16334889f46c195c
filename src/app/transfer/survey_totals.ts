/**
 * Adds up what a survey of a store finds.
 *
 * @module
 */

import type { SurveyedEvent } from "../../store/write/upkeep.ts";

/** How many events, and how long their JSON is. */
export interface Total {
  events: number;
  bytes: number;
}

/** Events by kind, author and day. */
export class SurveyTotals {
  readonly all: Total = { events: 0, bytes: 0 };
  readonly kinds = new Map<number, Total>();
  readonly authors = new Map<string, Total>();
  /** By the day of `created_at`, UTC, as `2026-11-27`. */
  readonly days = new Map<string, Total>();
  /** The least and the greatest `created_at`, seconds since 1970; undefined without events. */
  oldest: number | undefined;
  newest: number | undefined;

  /** Adds an event. */
  add({ kind, pubkey, createdAt, bytes }: SurveyedEvent): void {
    addTo(this.all, bytes);
    addTo(totalOf(this.kinds, kind), bytes);
    addTo(totalOf(this.authors, pubkey), bytes);
    addTo(totalOf(this.days, dayOf(createdAt)), bytes);
    this.oldest = Math.min(createdAt, this.oldest ?? createdAt);
    this.newest = Math.max(createdAt, this.newest ?? createdAt);
  }
}

/** The entries with the most events, the most first. */
export function topOf<Key>(
  totals: ReadonlyMap<Key, Total>,
  count: number,
): readonly (readonly [Key, Total])[] {
  return [...totals].sort(([, a], [, b]) => b.events - a.events || b.bytes - a.bytes)
    .slice(0, count);
}

/** The day of a time, UTC, as `2026-11-27`. A time beyond the calendar of JavaScript is `later`. */
export function dayOf(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? "later" : date.toISOString().slice(0, "2026-11-27".length);
}

function totalOf<Key>(totals: Map<Key, Total>, key: Key): Total {
  const known = totals.get(key);
  if (known !== undefined) return known;
  const total = { events: 0, bytes: 0 };
  totals.set(key, total);
  return total;
}

function addTo(total: Total, bytes: number): void {
  total.events++;
  total.bytes += bytes;
}
