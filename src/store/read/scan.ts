/**
 * Reading the lanes of a plan: which rows to ask for, and when an answer is complete.
 *
 * Of many lanes each gives a few rows at first. Only a lane whose rows all belong to the answer can hold
 * more of it, so only those are asked again, from where they stopped. The result is exact, and the rows
 * read stay near the limit plus a few for each lane.
 *
 * @module
 */

import type { FoundEvent } from "./body_statement.ts";
import type { StoredEvent } from "../event_store.ts";

/** A place in the order `created_at desc, id`: the event that was read last. */
export type Place = Pick<StoredEvent, "id" | "createdAt">;

/** A row of an answer and the number of the lane it was found in. */
export interface LaneRow extends FoundEvent {
  readonly lane: number;
}

/** A lane and where to go on in it; from its start when there is no place. */
export interface LaneStart {
  readonly lane: number;
  readonly after: Place | undefined;
}

/** One step of an answer. */
export interface FoundPage {
  /** Not empty. */
  readonly events: readonly FoundEvent[];
  /** Whether it is known that no event follows. */
  readonly isLast: boolean;
}

/** A request for the newest `limit` events of some lanes, at most `perLane` of each. */
export interface Ask {
  /** All of them have a place, or none has. */
  readonly starts: readonly LaneStart[];
  readonly perLane: number;
  readonly limit: number;
}

interface ScanOptions {
  /** How many lanes there are, numbered from 0. */
  readonly lanes: number;
  /** The most events wanted; may be infinite. */
  readonly limit: number;
  /** The most events in one page. */
  readonly pageEvents: number;
}

/**
 * The newest events of all lanes, each once, in pages. `ask` gives rows in the order of the answer; an
 * event that stands in several lanes comes once for each, and only the first of these needs its JSON.
 */
export async function* scan(
  { lanes, limit, pageEvents }: ScanOptions,
  ask: (ask: Ask) => Promise<readonly LaneRow[]>,
): AsyncGenerator<FoundPage, void> {
  let wanted = limit;
  let after: Place | undefined;
  while (wanted > 0) {
    const size = Math.min(wanted, pageEvents);
    const events = await readPage({ lanes, size, after }, ask);
    wanted -= size;
    const isLast = events.length < size || wanted === 0;
    if (events.length > 0) yield { events, isLast };
    if (isLast) return;
    after = events.at(-1);
  }
}

/**
 * How many rows each lane gives at first. Twice its fair share, so that one round mostly does; no fewer
 * than a few, because a second round costs more than they do.
 */
function firstShare(size: number, lanes: number): number {
  const least = lanes > MANY_LANES ? MIN_SHARE_OF_MANY : MIN_SHARE;
  return Math.min(size, Math.max(least, Math.ceil(2 * size / lanes)));
}

const MIN_SHARE = 4;

/** Of so many lanes hardly any holds more than one of the newest, and the few rows of each add up. */
const MANY_LANES = 100;
const MIN_SHARE_OF_MANY = 2;

/**
 * How many times as many rows a lane gives in the next round. The lanes that are asked again are fewer
 * by about the same factor, so every round reads about as much.
 */
const SHARE_GROWTH = 4;

interface Page {
  readonly lanes: number;
  readonly size: number;
  readonly after: Place | undefined;
}

async function readPage(
  { lanes, size, after }: Page,
  ask: (ask: Ask) => Promise<readonly LaneRow[]>,
): Promise<readonly FoundEvent[]> {
  let starts: readonly LaneStart[] = Array.from({ length: lanes }, (_, lane) => ({ lane, after }));
  let perLane = firstShare(size, lanes);
  let page: readonly FoundEvent[] = [];
  while (starts.length > 0) {
    const rows = await ask({ starts, perLane, limit: size });
    page = page.length === 0 ? distinct(rows, size) : merged(page, rows, size);
    starts = lanesWithMore(rows, perLane, page.length < size ? undefined : page.at(-1));
    perLane = Math.min(size, perLane * SHARE_GROWTH);
  }
  return page;
}

/** The lanes that gave all they were asked for, and whose last row comes before the page's last. */
function lanesWithMore(
  rows: readonly LaneRow[],
  perLane: number,
  pageEnd: Place | undefined,
): readonly LaneStart[] {
  const counts = new Map<number, number>();
  const open: LaneStart[] = [];
  for (const row of rows) {
    const count = (counts.get(row.lane) ?? 0) + 1;
    counts.set(row.lane, count);
    if (count < perLane) continue;
    if (pageEnd === undefined || compare(row, pageEnd) < 0) {
      open.push({ lane: row.lane, after: row });
    }
  }
  return open;
}

/** The first `size` events of two answers together. */
function merged(
  page: readonly FoundEvent[],
  rows: readonly FoundEvent[],
  size: number,
): readonly FoundEvent[] {
  return distinct([...page, ...rows].sort(compare), size);
}

/** The first `size` events of an ordered list in which equal ones are neighbours. */
function distinct(rows: readonly FoundEvent[], size: number): readonly FoundEvent[] {
  const kept: FoundEvent[] = [];
  for (const row of rows) {
    if (kept.length === size) break;
    if (row.id !== kept.at(-1)?.id) kept.push(row);
  }
  return kept;
}

/**
 * The order of every answer: `created_at` descending, then `id` ascending.
 *
 * @see NIP-01 `limit`
 */
export function compare(a: Place, b: Place): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
