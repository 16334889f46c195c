/**
 * Decides who may read private events.
 *
 * `store/read/plan.ts` has the same rule in SQL, `store/window/window_answers.ts` over columns, and
 * `store/slices/slice_sets.ts` for sets of events; the contract suite asks all of them.
 *
 * @see NIP-04, NIP-17, NIP-59
 * @module
 */

import type { NostrEvent } from "./event.ts";
import type { ReqFilter } from "./filter.ts";

/** Whoever reads from the store. */
export interface Reader {
  /** Kinds that only their author and the keys named in their `p` tags may read. */
  readonly privateKinds: ReadonlySet<number>;
  /** The public keys that the reader has authenticated, as 64 hex digits. */
  readonly keys: ReadonlySet<string>;
}

/** Whether `reader` may learn that the event exists. */
export function isVisible(event: NostrEvent, { privateKinds, keys }: Reader): boolean {
  if (!privateKinds.has(event.kind)) return true;
  if (keys.size === 0) return false;
  return keys.has(event.pubkey) ||
    event.tags.some(([name, value]) => name === "p" && value !== undefined && keys.has(value));
}

/** Whether a filter names only private kinds, so that no part of its answer is public. */
export function asksForPrivateOnly(filter: ReqFilter, privateKinds: ReadonlySet<number>): boolean {
  const { kinds } = filter;
  return kinds !== undefined && kinds.size > 0 && kinds.isSubsetOf(privateKinds);
}
