/**
 * Takes protected events from their authors only.
 *
 * @see NIP-70
 * @module
 */

import type { NostrEvent } from "../../nostr/event.ts";
import { isJsonObject, parseJson } from "../../nostr/json.ts";
import { reason } from "../../nostr/reason.ts";
import type { Policy } from "./policy.ts";

const REPOST = 6;
const GENERIC_REPOST = 16;

/**
 * Refuses protected events unless the client has authenticated as their author, and reposts that
 * embed one. Imported protected events are accepted: importing is not publishing.
 *
 * @see NIP-70
 */
export const protectedEvents: Policy = {
  name: "protected events",
  information: { supportedNips: [70] },
  screen({ event, origin, client }) {
    if (isRepostOfProtected(event)) {
      return reason("blocked", "the event that is reposted is protected");
    }
    if (!isProtected(event.tags) || origin === "import" || origin === "relay") return undefined;
    if (client?.keys.has(event.pubkey)) return undefined;
    return client === undefined || client.keys.size > 0
      ? reason("restricted", "a protected event is accepted from its author only")
      : reason("auth-required", "a protected event is accepted from its author only");
  },
};

/** Whether tags have one named `-`: the event is published by its author alone. @see NIP-70 */
export function isProtected(tags: unknown): boolean {
  return Array.isArray(tags) && tags.some((tag) => Array.isArray(tag) && tag[0] === "-");
}

function isRepostOfProtected({ kind, content }: NostrEvent): boolean {
  if (kind !== REPOST && kind !== GENERIC_REPOST) return false;
  const embedded = parseJson(content);
  return isJsonObject(embedded) && isProtected(embedded["tags"]);
}
