/**
 * Serializes events as JSON.
 *
 * @see NIP-01 "Events and signatures"
 * @module
 */

import type { NostrEvent } from "./event.ts";

/** Tags and content as JSON, the same when hashed and when stored. */
export interface EscapedParts {
  readonly tags: string;
  readonly content: string;
}

/**
 * Serializes tags and content. Code that needs both serializations of an event calls this once,
 * because escaping costs more than the rest.
 *
 * NIP-01 asks for no whitespace and for seven escapes (`\n \" \\ \r \t \b \f`), everything else
 * verbatim. It does not mention the other control characters, which JSON does not allow unescaped;
 * they become `\u00xx` in lower case, as in every implementation. `JSON.stringify` does exactly
 * this.
 *
 * @see NIP-01 "Events and signatures"
 */
export function escapedParts(
  { tags, content }: Pick<NostrEvent, "tags" | "content">,
): EscapedParts {
  return { tags: JSON.stringify(tags), content: JSON.stringify(content) };
}

/**
 * The event as compact JSON: exactly the seven fields, in the order of NIP-01. Always well-formed,
 * because events with lone surrogates are refused by the parser.
 *
 * @param parts this event's tags and content, if they are serialized already
 */
export function eventJson(event: NostrEvent, parts = escapedParts(event)): string {
  // Hex fields need no escaping.
  return `{"id":"${event.id}","pubkey":"${event.pubkey}","created_at":${event.created_at},` +
    `"kind":${event.kind},"tags":${parts.tags},"content":${parts.content},` +
    `"sig":"${event.sig}"}`;
}
