/**
 * How the value of a tag is written in an index.
 *
 * @module
 */

import { utf8 } from "../base/bytes.ts";
import type { Sha256 } from "../nostr/event_id.ts";
import { bytesToHex, isHex, KEY_DIGITS } from "../nostr/hex.ts";

/** UTF-8 that is longer than this is hashed: a btree page refuses keys of more than 2,704 bytes. */
const MAX_PLAIN_BYTES = 64;

/** Marks 32 bytes that were 64 hex digits: an id or a public key, as most values are. */
const KEY_MARK = "fe";

/** Marks the SHA-256 of a long value. */
const HASH_MARK = "ff";

/**
 * The bytes that stand for `value`, as lower-case hex; undefined for a string with a lone surrogate,
 * which no event can carry. Short and exact: equal values are written alike, different ones differently
 * (0xfe and 0xff never occur in UTF-8), whatever their length and content.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { sha256 } from "@noble/hashes/sha2.js";
 * import { tagValueHex } from "./tag_value.ts";
 *
 * equal(tagValueHex("nostr", sha256), "6e6f737472");
 * equal(tagValueHex("ab".repeat(32), sha256), "fe" + "ab".repeat(32));
 * equal(tagValueHex("x".repeat(65_536), sha256)?.length, 66);
 * equal(tagValueHex("\ud800", sha256), undefined);
 * ```
 */
export function tagValueHex(value: string, sha256: Sha256): string | undefined {
  if (isHex(value, KEY_DIGITS)) return KEY_MARK + value;
  if (!value.isWellFormed()) return undefined;
  const bytes = utf8(value);
  return bytes.length <= MAX_PLAIN_BYTES
    ? bytesToHex(bytes)
    : HASH_MARK + bytesToHex(sha256(bytes));
}
