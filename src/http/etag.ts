/**
 * Entity tags: a client that has the document already is told so in a few bytes.
 *
 * @see RFC 9110 §8.8.3
 * @module
 */

import { utf8 } from "../base/bytes.ts";

/**
 * The entity tag of a text: a quoted hash of it. It is weak, as a proxy that compresses on the way
 * must not make it a lie.
 *
 * @example
 * ```ts
 * import { equal, notEqual } from "node:assert/strict";
 * import { etagOf } from "./etag.ts";
 *
 * equal(await etagOf("a"), await etagOf("a"));
 * notEqual(await etagOf("a"), await etagOf("b"));
 * ```
 *
 * @see RFC 9110 §8.8.1
 */
export async function etagOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));
  return `W/"${digest.subarray(0, 12).toHex()}"`;
}

/**
 * Whether an `If-None-Match` header names `etag` or is `*`. Tags are compared weakly, as this header
 * asks for.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { namesEtag } from "./etag.ts";
 *
 * equal(namesEtag('"old", "1f"', 'W/"1f"'), true);
 * equal(namesEtag(null, 'W/"1f"'), false);
 * ```
 *
 * @see RFC 9110 §13.1.2
 */
export function namesEtag(header: string | null, etag: string): boolean {
  if (header === null) return false;
  if (header.trim() === "*") return true;
  const wanted = opaque(etag);
  return header.split(",").some((tag) => opaque(tag.trim()) === wanted);
}

function opaque(etag: string): string {
  return etag.startsWith("W/") ? etag.slice(2) : etag;
}
