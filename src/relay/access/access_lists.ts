/**
 * Policies for the allow and deny lists in the settings: keys, texts and kinds.
 *
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses events of the given keys. Requests to vanish are exempt, as NIP-62 requires.
 */
export function bannedKeys(keys: ReadonlySet<string>): Policy {
  return {
    name: "banned keys",
    screen: ({ event: { pubkey, kind } }) =>
      keys.has(pubkey) && kind !== VANISH_REQUEST
        ? reason("blocked", "this key is banned")
        : undefined,
  };
}

/**
 * Refuses events whose content contains one of the texts, ignoring case.
 */
export function bannedTexts(texts: readonly string[]): Policy {
  const banned = texts.map((text) => text.toLowerCase());
  return {
    name: "banned texts",
    screen({ event: { content } }) {
      if (banned.length === 0) return undefined;
      const lowered = content.toLowerCase();
      return banned.some((text) => lowered.includes(text))
        ? reason("blocked", "the content holds what is not taken here")
        : undefined;
    },
  };
}

/** Kinds from `first` to `last`, inclusive. */
export interface KindRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Refuses kinds that are banned and, when there are allowed ones, all other kinds. Requests to
 * vanish are exempt, as NIP-62 requires.
 */
export function kindLists(
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
