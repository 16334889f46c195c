/**
 * The event as it is kept and sent.
 *
 * @see NIP-01 "Events and signatures"
 * @module
 */

import type { NostrEvent } from "./event.ts";

/** Tags and content as they stand in the canonical text and in the stored one alike. */
export interface EscapedParts {
  readonly tags: string;
  readonly content: string;
}

/**
 * Escapes what has to be escaped in an event. Whoever writes more than one text of an event does this
 * once and hands it on: it costs more than the rest of the writing.
 *
 * NIP-01 asks for no whitespace and for seven escapes (`\n \" \\ \r \t \b \f`), everything else
 * verbatim. It leaves the other control characters open; they leave as `\u00xx` in lower case, as in
 * every implementation, because raw they would not be JSON. `JSON.stringify` does exactly this.
 *
 * @see NIP-01 "Events and signatures"
 *
 * @example
 * ```ts
 * import { escapedParts } from "./event_json.ts";
 * import { deepEqual } from "node:assert/strict";
 *
 * const parts = escapedParts({ tags: [["t", "x"]], content: 'a/"b"' });
 * deepEqual(parts, { tags: '[["t","x"]]', content: '"a/\\"b\\""' });
 * ```
 */
export function escapedParts(
  { tags, content }: Pick<NostrEvent, "tags" | "content">,
): EscapedParts {
  return { tags: JSON.stringify(tags), content: JSON.stringify(content) };
}

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
