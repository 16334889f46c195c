/**
 * Checks the event by which a client answers an AUTH challenge, except its id and signature.
 *
 * @see NIP-42
 * @module
 */

import { type NostrEvent, tagValue } from "./event.ts";

/** The kind of a client authentication event, which relays must not store or forward. */
export const CLIENT_AUTHENTICATION = 22242;

/** Largest difference between `created_at` and now, seconds. */
const WINDOW_S = 600;

/** What an authentication event has to match. */
interface Challenge {
  /** The challenge sent last on this connection. */
  readonly challenge: string;
  /** URLs of the relay, any of which the `relay` tag may name. Empty: it may name any URL. */
  readonly relayUrls: readonly string[];
  /** Now, milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * What is wrong with an authentication event; undefined when nothing is. Its id and signature are
 * checked by the caller.
 *
 * @see NIP-42 "Signed Event Verification"
 */
export function authenticationFault(event: NostrEvent, asked: Challenge): string | undefined {
  if (event.kind !== CLIENT_AUTHENTICATION) return `the kind is not ${CLIENT_AUTHENTICATION}`;
  if (Math.abs(event.created_at - asked.nowMs / 1000) > WINDOW_S) {
    return `created_at is more than ${WINDOW_S} seconds from now`;
  }
  if (tagValue(event, "challenge") !== asked.challenge) {
    return "the challenge is not the one that was sent last";
  }
  const { relayUrls } = asked;
  const named = tagValue(event, "relay") ?? "";
  if (relayUrls.length === 0 || relayUrls.some((url) => isSameRelay(url, named))) return undefined;
  return `the relay tag names another relay than ${relayUrls[0]}`;
}

/**
 * Whether two URLs name the same relay, as clients write them: only the host counts, not scheme,
 * port, path, trailing slash or case.
 *
 * @see NIP-42 "for most cases just checking if the domain name is correct should be enough"
 */
function isSameRelay(one: string, other: string): boolean {
  const host = hostOf(one);
  return host !== undefined && host === hostOf(other);
}

function hostOf(url: string): string | undefined {
  const trimmed = url.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `ws://${trimmed}`;
  // `ws` is a special scheme of the URL Standard: its host is lower-cased and in Punycode.
  const host = URL.parse(withScheme.replace(/^[a-z][a-z0-9+.-]*:/i, "ws:"))?.hostname;
  return host === undefined || host === "" ? undefined : host.replace(/\.$/, "");
}
