/**
 * Policies for the allow and deny lists in the settings: keys, texts, patterns and kinds.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { isInRange, type KindRange } from "../../nostr/kind.ts";
import { reason } from "../../nostr/reason.ts";
import { VANISH_REQUEST } from "../../nostr/vanish_request.ts";
import type { Policy } from "./policy.ts";

/** Refuses events of the given keys. Requests to vanish are exempt, as NIP-62 requires. */
export function bannedKeys(keys: ReadonlySet<string>): Policy {
  return {
    name: "banned keys",
    screen: ({ event: { pubkey, kind } }) =>
      keys.has(pubkey) && kind !== VANISH_REQUEST
        ? reason("blocked", "this key is banned")
        : undefined,
  };
}

/** Refuses events whose content contains one of the texts, ignoring case. */
export function bannedTexts(texts: readonly string[]): Policy {
  const banned = texts.map((text) => text.toLowerCase());
  return {
    name: "banned texts",
    screen({ event: { content } }) {
      if (banned.length === 0) return undefined;
      const lowered = content.toLowerCase();
      return banned.some((text) => lowered.includes(text))
        ? reason("blocked", "the content contains banned text")
        : undefined;
    },
  };
}

/** Whether a text matches one of the operator's patterns. Must take time linear in its length. */
export type IsBannedText = (text: string) => boolean;

/**
 * Refuses events whose text matches one of the operator's patterns. At most `maxCharacters` UTF-16
 * code units of an event are looked at: of its content first, then of the values of its tags.
 */
export function bannedPatterns(
  { isBanned, maxCharacters, inTags }: {
    readonly isBanned: IsBannedText;
    readonly maxCharacters: number;
    /** Whether the values of tags are looked at, too. */
    readonly inTags: boolean;
  },
): Policy {
  return {
    name: "banned patterns",
    screen({ event: { content, tags } }) {
      const rest = maxCharacters - content.length;
      const isRefused = isBanned(content.slice(0, maxCharacters)) ||
        (inTags && rest > 0 && isBanned(tagText(tags, rest)));
      return isRefused ? reason("blocked", "the event matches a banned pattern") : undefined;
    },
  };
}

/** The values of tags, one a line, up to `maxCharacters`. One text costs less than many. */
function tagText(tags: NostrEvent["tags"], maxCharacters: number): string {
  let text = "";
  for (const [, ...values] of tags) {
    for (const value of values) {
      text += `${value}\n`;
      if (text.length > maxCharacters) return text.slice(0, maxCharacters);
    }
  }
  return text;
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
      const isIn = (ranges: readonly KindRange[]) => ranges.some((range) => isInRange(range, kind));
      const isTaken = (allowed.length === 0 || isIn(allowed)) && !isIn(banned);
      return isTaken
        ? undefined
        : reason("blocked", `events of kind ${kind} are not accepted here`);
    },
  };
}
