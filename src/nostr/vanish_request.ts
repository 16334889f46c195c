/**
 * Decides which relay a request to vanish is addressed to.
 *
 * @see NIP-62
 * @module
 */

import { trimmedEnd } from "../base/trim.ts";
import type { NostrEvent } from "./event.ts";

/** The kind of a request to vanish. */
export const VANISH_REQUEST = 62;

/** The value of a `relay` tag that addresses all relays. */
const ALL_RELAYS = "ALL_RELAYS";

/**
 * Whether a request to vanish is addressed to the relay at `relayUrl`. A relay that does not know
 * its URL, given as an empty string, is addressed by `ALL_RELAYS` only.
 *
 * @see NIP-62
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { isAddressedTo } from "./vanish_request.ts";
 *
 * const tags = [["relay", "wss://Relay.Example"]];
 * equal(isAddressedTo({ tags }, "wss://relay.example:443/"), true);
 * equal(isAddressedTo({ tags }, "wss://relay.example/other"), false);
 * equal(isAddressedTo({ tags: [["relay", "ALL_RELAYS"]] }, ""), true);
 * ```
 */
export function isAddressedTo({ tags }: Pick<NostrEvent, "tags">, relayUrl: string): boolean {
  const own = normalUrl(relayUrl);
  return tags.some(([name, value]) =>
    name === "relay" && value !== undefined &&
    (value === ALL_RELAYS || (own !== undefined && normalUrl(value) === own))
  );
}

/** Normalises a relay URL for comparison; undefined when it is not one. */
function normalUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "wss:" && url?.protocol !== "ws:") return undefined;
  // `URL` has lower-cased scheme and host and dropped the default port.
  return `${url.host}${trimmedEnd(url.pathname, "/")}${url.search}`;
}
