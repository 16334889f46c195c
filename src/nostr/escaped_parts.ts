/**
 * The two fields of an event that hold free text, as JSON.
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
 * import { escapedParts } from "./escaped_parts.ts";
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
