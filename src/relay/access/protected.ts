/**
 * Events that their author does not want to be passed on by others.
 *
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { isJsonObject, parseJson } from "../../nostr/json.ts";
import { reason } from "../../nostr/reason.ts";
import type { Policy } from "./policy.ts";

const REPOST = 6;
const GENERIC_REPOST = 16;

/**
 * Refuses protected events, and reposts that carry one: only their author may publish them, and who that
 * is cannot be told without AUTH.
 *
 * @see NIP-70
 */
export const noProtectedEvents: Policy = ({ event }) => {
  if (isProtected(event.tags)) {
    return reason("blocked", "protected events are not taken: this relay does not authenticate");
  }
  return isRepostOfProtected(event)
    ? reason("blocked", "the event that is reposted is protected")
    : undefined;
};

function isProtected(tags: unknown): boolean {
  return Array.isArray(tags) && tags.some((tag) => Array.isArray(tag) && tag[0] === "-");
}

function isRepostOfProtected({ kind, content }: NostrEvent): boolean {
  if (kind !== REPOST && kind !== GENERIC_REPOST) return false;
  const embedded = parseJson(content);
  return isJsonObject(embedded) && isProtected(embedded["tags"]);
}
