/**
 * Which kinds the relay takes.
 *
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/** Kinds from `first` to `last`, inclusive. */
export interface KindRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Takes the allowed kinds, or all where none is, but for the banned ones. Requests to vanish are taken in
 * any case, as NIP-62 asks.
 */
export function kindsWithin(
  { allowed, banned }: {
    readonly allowed: readonly KindRange[];
    readonly banned: readonly KindRange[];
  },
): Policy {
  return {
    name: "kinds",
    ...allowed.length > 0 && { information: { restrictedWrites: true } },
    screen({ event: { kind } }) {
      if (kind === VANISH_REQUEST) return undefined;
      const isTaken = (allowed.length === 0 || isIn(allowed, kind)) && !isIn(banned, kind);
      return isTaken ? undefined : reason("blocked", `events of kind ${kind} are not taken here`);
    },
  };
}

function isIn(ranges: readonly KindRange[], kind: number): boolean {
  return ranges.some(({ first, last }) => first <= kind && kind <= last);
}
