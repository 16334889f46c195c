/**
 * Telling queries that are quick by their form from those that may take long.
 *
 * @module
 */

import type { Part } from "./inline_share.ts";
import type { Plan } from "./plan.ts";

/** How many lanes a short query has, at most, and how many events it gives. */
const MAX_SHORT_LANES = 50;
const MAX_SHORT_LIMIT = 500;

/**
 * Whether the plan's form bounds what it reads: a few lanes, a limit, and nothing to check in each row.
 * Such are ids, profiles, one author's newest, replies to an event. A condition on each row may have to
 * pass over any number of rows before it finds one.
 */
export function isShort({ index, lanes, limit, rest }: Plan): boolean {
  const { authors, kinds, tags, hidden } = rest;
  // Of an id there is one event at most, whatever is checked of it.
  const isChecked = authors !== undefined || kinds !== undefined || tags.length > 0 ||
    hidden !== undefined && index !== "id";
  return !isChecked && lanes.length <= MAX_SHORT_LANES && limit <= MAX_SHORT_LIMIT;
}

/**
 * Whether all that a query reads is little: what would be short by itself is not when there are many such.
 */
export function isLight(parts: readonly Part[]): boolean {
  let lanes = 0;
  let limits = 0;
  for (const part of parts) {
    lanes += part.lanes.length;
    limits += part.limit;
  }
  return lanes <= 2 * MAX_SHORT_LANES && limits <= 2 * MAX_SHORT_LIMIT;
}
