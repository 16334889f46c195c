/**
 * The `Authorization` header by which a request of HTTP is signed with a key of Nostr.
 *
 * @see NIP-98
 * @module
 */

import { utf8Decode } from "../base/bytes.ts";
import type { NostrEvent } from "./event.ts";
import { parseJson } from "./json.ts";
import { parseEvent } from "./parse_event.ts";

/** The kind of the event that signs a request. It is never published. */
export const HTTP_AUTHORIZATION = 27235;

/** How far `created_at` may be from now, either way, seconds. */
export const AUTHORIZATION_WINDOW_S = 60;

/** Longer headers are not read, characters: an event with three tags is a tenth of it. */
const MAX_HEADER_LENGTH = 8_192;

/** The request that was signed. */
export interface SignedRequest {
  /** Absolute URLs by which the request can have been made; `ws` stands for `http`, `wss` for `https`. */
  readonly urls: readonly string[];
  readonly method: string;
  /** SHA-256 of the body, lower-case hex. */
  readonly bodyHash: string;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * The event of an `Authorization` header; undefined where there is none. Base64 may come with or without
 * padding, in either alphabet.
 *
 * @see NIP-98 "Request Flow"
 */
export function parseAuthorization(header: string): NostrEvent | undefined {
  const [, base64] = /^nostr +([A-Za-z0-9+/_-]+)=*$/i.exec(header.trim()) ?? [];
  if (base64 === undefined || header.length > MAX_HEADER_LENGTH) return undefined;
  const text = utf8Decode(bytesOf(base64));
  const event = text === undefined ? undefined : parseEvent(parseJson(text));
  return event === undefined || "reason" in event ? undefined : event;
}

/**
 * What is wrong with an authorization for a request, in words; undefined when nothing is. Its id and
 * signature are checked elsewhere, and so is that it comes once.
 *
 * @see NIP-98, NIP-86 "Authorization"
 */
export function authorizationFault(event: NostrEvent, request: SignedRequest): string | undefined {
  const { urls, method, bodyHash, nowMs } = request;
  if (event.kind !== HTTP_AUTHORIZATION) return `the kind is not ${HTTP_AUTHORIZATION}`;
  if (Math.abs(event.created_at - nowMs / 1000) > AUTHORIZATION_WINDOW_S) {
    return `created_at is more than ${AUTHORIZATION_WINDOW_S} seconds from now`;
  }
  const named = comparable(valueOf(event, "u") ?? "");
  if (named === undefined || !urls.some((url) => comparable(url) === named)) {
    return "the u tag names another URL";
  }
  if (valueOf(event, "method") !== method) return "the method tag names another method";
  if (valueOf(event, "payload") !== bodyHash) return "the payload tag is not the hash of the body";
  return undefined;
}

/** Without the scheme, which differs between a socket and a request, and without a slash at the end. */
function comparable(text: string): string | undefined {
  const url = URL.parse(text.replace(/^ws(s?):/i, "http$1:"));
  if (url === null) return undefined;
  return `${url.host}${url.pathname.replace(/\/$/, "")}${url.search}`;
}

function valueOf({ tags }: NostrEvent, name: string): string | undefined {
  return tags.find((tag) => tag[0] === name)?.[1];
}

/** No bytes for what is no base64. */
function bytesOf(base64: string): Uint8Array {
  const plain = base64.replaceAll("-", "+").replaceAll("_", "/");
  try {
    return Uint8Array.fromBase64(plain);
  } catch {
    // A length that no number of bytes has.
    return new Uint8Array();
  }
}
