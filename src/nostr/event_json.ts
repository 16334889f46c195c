/**
 * The event as it is kept and sent.
 *
 * @see NIP-01 "Events and signatures"
 * @module
 */

import { escapedParts } from "./escaped_parts.ts";
import type { NostrEvent } from "./event.ts";

/**
 * The event as compact JSON: exactly the seven fields, in the order in which NIP-01 lists them.
 *
 * The result is always well-formed text: what `JSON.stringify` would have to escape as a lone surrogate
 * was refused when the event was parsed.
 *
 * @param parts Tags and content of this very event, if they are escaped already.
 *
 * @example
 * ```ts
 * import { eventJson } from "./event_json.ts";
 * import { equal } from "node:assert/strict";
 *
 * const event = { id: "1", pubkey: "2", created_at: 3, kind: 4, tags: [], content: "5", sig: "6" };
 * equal(
 *   eventJson(event),
 *   '{"id":"1","pubkey":"2","created_at":3,"kind":4,"tags":[],"content":"5","sig":"6"}',
 * );
 * ```
 */
export function eventJson(event: NostrEvent, parts = escapedParts(event)): string {
  // The hex fields hold nothing to escape.
  return `{"id":"${event.id}","pubkey":"${event.pubkey}","created_at":${event.created_at},` +
    `"kind":${event.kind},"tags":${parts.tags},"content":${parts.content},` +
    `"sig":"${event.sig}"}`;
}
