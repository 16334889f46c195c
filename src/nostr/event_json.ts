/**
 * The event as it is kept and sent.
 *
 * @see NIP-01 "Events and signatures"
 * @module
 */

import type { NostrEvent } from "./event.ts";

/**
 * The event as compact JSON: exactly the seven fields, in the order in which NIP-01 lists them.
 *
 * The result is always well-formed text: what `JSON.stringify` would have to escape as a lone surrogate
 * was refused when the event was parsed.
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
export function eventJson(event: NostrEvent): string {
  // The hex fields hold nothing to escape, so only tags and content go through the serializer.
  return `{"id":"${event.id}","pubkey":"${event.pubkey}","created_at":${event.created_at},` +
    `"kind":${event.kind},"tags":${JSON.stringify(event.tags)},` +
    `"content":${JSON.stringify(event.content)},"sig":"${event.sig}"}`;
}
