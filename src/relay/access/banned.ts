/**
 * Keys and texts that the settings ban.
 *
 * @module
 */

import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/**
 * Refuses events of these keys, but for requests to vanish, as NIP-62 asks.
 */
export function withoutKeys(keys: ReadonlySet<string>): Policy {
  return {
    name: "banned keys",
    screen: ({ event: { pubkey, kind } }) =>
      keys.has(pubkey) && kind !== VANISH_REQUEST
        ? reason("blocked", "this key is banned")
        : undefined,
  };
}

/**
 * Refuses events whose content holds one of the texts, whatever its case.
 */
export function withoutTexts(texts: readonly string[]): Policy {
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
