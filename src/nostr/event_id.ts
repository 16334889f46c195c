/**
 * The id of an event: what its author signed.
 *
 * @see NIP-01 "Events and signatures"
 * @module
 */

import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../base/bytes.ts";
import type { NostrEvent } from "./event.ts";
import { bytesToHex } from "./hex.ts";

/** SHA-256: any bytes in, 32 bytes out. A faster one than the default may be passed in. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** The fields that the id covers: all but the id itself and the signature. */
export type UnsignedEvent = Omit<NostrEvent, "id" | "sig">;

/**
 * The canonical text of an event, whose UTF-8 bytes are hashed.
 *
 * NIP-01 asks for no whitespace and for seven escapes (`\n \" \\ \r \t \b \f`), everything else
 * verbatim. It leaves the other control characters open; they leave as `\u00xx` in lower case, as in
 * every implementation, because raw they would not be JSON. `JSON.stringify` does exactly this.
 *
 * @see NIP-01 "Events and signatures"
 *
 * @example
 * ```ts
 * import { serializeEvent } from "./event_id.ts";
 * import { equal } from "node:assert/strict";
 *
 * const event = { pubkey: "ab", created_at: 1, kind: 1, tags: [["t", "x"]], content: 'a/"b"' };
 * equal(serializeEvent(event), '[0,"ab",1,1,[["t","x"]],"a/\\"b\\""]');
 * ```
 */
export function serializeEvent(event: UnsignedEvent): string {
  return `[0,"${event.pubkey}",${event.created_at},${event.kind},` +
    `${JSON.stringify(event.tags)},${JSON.stringify(event.content)}]`;
}

/**
 * The id that belongs to the event's fields, 64 lower-case hex digits. An event whose `id` differs is
 * a forgery or a mistake.
 *
 * @param sha256 a faster hash than the portable default, where the runtime has one.
 *
 * @example
 * ```ts
 * import { eventId } from "./event_id.ts";
 * import { equal } from "node:assert/strict";
 *
 * const event = {
 *   pubkey: "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
 *   created_at: 1700000000,
 *   kind: 1,
 *   tags: [],
 *   content: "",
 * };
 * equal(eventId(event), "1868e8ad4ca66b7a9bb6ddaaecde6e5cc5d11682e87abb650a6ce8853854ef05");
 * ```
 */
export function eventId(event: UnsignedEvent, sha256: Sha256 = nobleSha256): string {
  return bytesToHex(sha256(utf8(serializeEvent(event))));
}
