/**
 * Computes the id of an event, which is what its author signs.
 *
 * @see NIP-01 "Events and signatures"
 * @module
 */

import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../base/bytes.ts";
import { type EscapedParts, escapedParts } from "./event_json.ts";
import type { NostrEvent } from "./event.ts";
import { bytesToHex } from "./hex.ts";

/** SHA-256: any bytes in, 32 bytes out. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/**
 * SHA-256 of the UTF-8 of a text, as 64 lower-case hex digits. From string to string, because
 * runtimes do both conversions faster than code that allocates arrays for them.
 */
export type HashText = (text: string) => string;

/** Faster ways to compute an id. */
interface EventIdOptions {
  /** A faster hash than the portable one, where the runtime has one. */
  readonly hashText?: HashText | undefined;
  /** This event's tags and content, if they are serialized already. */
  readonly parts?: EscapedParts;
}

/** The fields that the id covers: all but `id` and `sig`. */
type UnsignedEvent = Omit<NostrEvent, "id" | "sig">;

/**
 * Serializes an event as NIP-01 asks for hashing.
 *
 * @param parts this event's tags and content, if they are serialized already
 * @see NIP-01 "Events and signatures"
 */
export function serializeEvent(event: UnsignedEvent, parts = escapedParts(event)): string {
  return `[0,"${event.pubkey}",${event.created_at},${event.kind},` +
    `${parts.tags},${parts.content}]`;
}

/**
 * The id of the event's fields, 64 lower-case hex digits. An event with another `id` is invalid.
 */
export function eventId(
  event: UnsignedEvent,
  { hashText = portableHashText, parts }: EventIdOptions = {},
): string {
  return hashText(serializeEvent(event, parts));
}

/** SHA-256 in JavaScript, for any platform. */
export function portableHashText(text: string): string {
  return bytesToHex(nobleSha256(utf8(text)));
}
