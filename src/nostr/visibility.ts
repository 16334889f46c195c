/**
 * Who may read which events: the one rule, as a predicate on events. `store/read` says the same in SQL.
 *
 * @see NIP-04, NIP-17, NIP-59
 * @module
 */

import type { NostrEvent } from "./event.ts";
import type { ReqFilter } from "./filter.ts";

/** Whoever reads: a connection, a sync session. */
export interface Reader {
  /** Kinds that are served only to their author and to those whom a `p` tag names. */
  readonly privateKinds: ReadonlySet<number>;
  /** The public keys that the reader has proved to hold, as 64 hex digits. */
  readonly keys: ReadonlySet<string>;
}

/**
 * Whether `reader` may learn that there is such an event.
 */
export function isVisible(event: NostrEvent, { privateKinds, keys }: Reader): boolean {
  if (!privateKinds.has(event.kind)) return true;
  if (keys.size === 0) return false;
  return keys.has(event.pubkey) ||
    event.tags.some(([name, value]) => name === "p" && value !== undefined && keys.has(value));
}

/**
 * Whether a filter asks for private kinds alone, so that nothing of its answer is for everybody.
 */
export function asksForPrivateOnly(filter: ReqFilter, privateKinds: ReadonlySet<number>): boolean {
  const { kinds } = filter;
  return kinds !== undefined && kinds.size > 0 && kinds.isSubsetOf(privateKinds);
}
