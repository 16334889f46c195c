/**
 * Parses and checks the `Authorization` header that signs an HTTP request with a Nostr key.
 *
 * @see NIP-98
 * @module
 */

import { utf8Decode } from "../base/bytes.ts";
import { type NostrEvent, tagValue } from "./event.ts";
import { parseJson } from "./json.ts";
import { parseEvent } from "./parse_event.ts";

/** The kind of an HTTP authorization event, which must not be published. */
export const HTTP_AUTHORIZATION = 27235;

/** Largest difference between `created_at` and now, seconds. */
export const AUTHORIZATION_WINDOW_S = 60;

/** Longest header that is parsed, characters: ten times an event with three tags. */
const MAX_HEADER_LENGTH = 8_192;

/** The request that the event has to match. */
interface SignedRequest {
  /** Absolute URLs of the request. `ws` counts as `http`, and `wss` as `https`. */
  readonly urls: readonly string[];
  readonly method: string;
  /** SHA-256 of the body, lower-case hex. */
  readonly bodyHash: string;
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * Parses the event of an `Authorization` header; undefined when there is none. Base64 may be padded
 * or not, in either alphabet.
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
 * What is wrong with an authorization for a request; undefined when nothing is. Its id, its
 * signature and replay are checked by the caller.
 *
 * @see NIP-98, NIP-86 "Authorization"
 */
export function authorizationFault(event: NostrEvent, request: SignedRequest): string | undefined {
  const { urls, method, bodyHash, nowMs } = request;
  if (event.kind !== HTTP_AUTHORIZATION) return `the kind is not ${HTTP_AUTHORIZATION}`;
  if (Math.abs(event.created_at - nowMs / 1000) > AUTHORIZATION_WINDOW_S) {
    return `created_at is more than ${AUTHORIZATION_WINDOW_S} seconds from now`;
  }
  const named = comparable(tagValue(event, "u") ?? "");
  if (named === undefined || !urls.some((url) => comparable(url) === named)) {
    return "the u tag names another URL";
  }
  if (tagValue(event, "method") !== method) return "the method tag names another method";
  if (tagValue(event, "payload") !== bodyHash) return "the payload tag is not the hash of the body";
  return undefined;
}

/** Without the scheme, which differs between WebSocket and HTTP, and without a trailing slash. */
function comparable(text: string): string | undefined {
  const url = URL.parse(text.replace(/^ws(s?):/i, "http$1:"));
  if (url === null) return undefined;
  return `${url.host}${url.pathname.replace(/\/$/, "")}${url.search}`;
}

/** Decodes base64; empty when it is invalid. */
function bytesOf(base64: string): Uint8Array {
  const plain = base64.replaceAll("-", "+").replaceAll("_", "/");
  try {
    return Uint8Array.fromBase64(plain);
  } catch {
    // The length is impossible for base64.
    return new Uint8Array();
  }
}
