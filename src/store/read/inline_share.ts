/**
 * How long the JSON may be that comes along with what is found, so that all of it has room.
 *
 * @module
 */

import { sum } from "../../base/sum.ts";
import type { Plan } from "./plan.ts";

/** Room for what comes along with one step of an answer. */
interface InlineShare {
  /** The longest JSON that comes along, bytes. */
  readonly mostBytes: number;
  /** All of it together at most, bytes. */
  readonly leaseBytes: number;
}

/** What is read for an answer: each part gives rows in pages. */
export type Part = Pick<Plan, "limit"> & { readonly lanes: ArrayLike<unknown> };

/**
 * The share of an answer whose parts are merged. A merge keeps of each part what comes later than its page:
 * where it has more than one page, it keeps no JSON.
 *
 * @param pageEvents the most events in one page.
 */
export function inlineShare(parts: readonly Part[], pageEvents: number): InlineShare {
  const pages = parts.map(({ limit }) => Math.min(limit, pageEvents));
  const isOnePage = sum(pages) <= pageEvents;
  if (parts.length > 1 && !isOnePage) return NOTHING;
  const rows = sum(parts.map(({ lanes }, at) => pages[at]! * roundsOf(lanes)));
  if (rows === 0) return NOTHING;
  const leaseBytes = Math.min(MAX_LEASE_BYTES, rows * MAX_INLINE_BYTES);
  return { mostBytes: Math.floor(leaseBytes / rows), leaseBytes };
}

const NOTHING: InlineShare = { mostBytes: 0, leaseBytes: 0 };

/** Few events are longer; those are fetched by themselves. */
const MAX_INLINE_BYTES = 16_384;

/** So that one query leaves room to others. */
const MAX_LEASE_BYTES = 4 * 1_048_576;

/**
 * How often a page may be in memory at once: of many lanes the page so far, the rows of the next round,
 * and those of the stretch that was read before the lanes.
 */
function roundsOf({ length }: Part["lanes"]): number {
  return length > 1 ? 3 : 1;
}
