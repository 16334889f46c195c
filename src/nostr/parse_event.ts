/**
 * Parses events: checks the shape that NIP-01 requires.
 *
 * @see NIP-01 "Events and signatures"
 * @module
 */

import type { NostrEvent, Tag } from "./event.ts";
import { isHex, isKey, SIGNATURE_DIGITS } from "./hex.ts";
import { isCount, isJsonObject, type JsonObject } from "./json.ts";
import { type Reason, reason } from "./reason.ts";

/** Why a value is not a valid event. */
interface EventFault {
  readonly reason: Reason;
  /**
   * The value of `id`, for the OK that refuses it: any well-formed string of up to {@link
   * MAX_ECHOED_ID} UTF-16 units, valid id or not. Undefined when there is none.
   */
  readonly id: string | undefined;
}

/** Longest invalid id that a refusal repeats, UTF-16 units. */
export const MAX_ECHOED_ID = 128;

/** The highest kind. */
export const MAX_KIND = 65_535;

/**
 * Checks the shape of an event: the presence, types, lengths and ranges of its seven fields. The id
 * and the signature are verified elsewhere.
 *
 * Strings with lone surrogates are refused: they have no UTF-8 form, so they cannot be stored, nor
 * hashed by other implementations. Unknown keys are dropped, because neither id nor signature
 * covers them. The result is a new object that shares the argument's tags.
 *
 * @see NIP-01 "Events and signatures"
 */
export function parseEvent(value: unknown): NostrEvent | EventFault {
  if (!isJsonObject(value)) return { reason: NOT_AN_OBJECT, id: undefined };
  const { id, pubkey, created_at, kind, tags, content, sig } = value;
  if (!isKey(id)) return fault(value, BAD_ID);
  if (!isKey(pubkey)) return fault(value, BAD_PUBKEY);
  if (!isCount(created_at)) return fault(value, BAD_CREATED_AT);
  if (!isCount(kind, MAX_KIND)) return fault(value, BAD_KIND);
  if (!areTags(tags)) return fault(value, BAD_TAGS);
  if (!isText(content)) return fault(value, BAD_CONTENT);
  if (typeof sig !== "string" || !isHex(sig, SIGNATURE_DIGITS)) return fault(value, BAD_SIG);
  return { id, pubkey, created_at, kind, tags, content, sig };
}

/** "Every tag is an array of one or more strings." */
function areTags(value: unknown): value is readonly Tag[] {
  if (!Array.isArray(value)) return false;
  for (const tag of value) {
    if (!Array.isArray(tag) || tag.length === 0) return false;
    for (const item of tag) {
      if (!isText(item)) return false;
    }
  }
  return true;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.isWellFormed();
}

function fault(value: JsonObject, reason: Reason): EventFault {
  const { id } = value;
  const readable = isText(id) && id.length > 0 && id.length <= MAX_ECHOED_ID;
  return { reason, id: readable ? id : undefined };
}

const NOT_AN_OBJECT = reason("invalid", "an event is a JSON object");
const BAD_ID = reason("invalid", "id is not 64 lower-case hex digits");
const BAD_PUBKEY = reason("invalid", "pubkey is not 64 lower-case hex digits");
const BAD_CREATED_AT = reason("invalid", "created_at is not an integer count of seconds");
const BAD_KIND = reason("invalid", "kind is not an integer from 0 to 65535");
const BAD_TAGS = reason("invalid", "tags is not a list of non-empty lists of well-formed strings");
const BAD_CONTENT = reason("invalid", "content is not a well-formed string");
const BAD_SIG = reason("invalid", "sig is not 128 lower-case hex digits");
