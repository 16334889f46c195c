/**
 * A request of an author to be forgotten.
 *
 * @see NIP-62
 * @module
 */

import type { NostrEvent } from "./event.ts";

/** The kind of a request to vanish. */
export const VANISH_REQUEST = 62;

/** The `relay` that means every relay. */
const ALL_RELAYS = "ALL_RELAYS";

/**
 * Whether a request to vanish is meant for the relay at `relayUrl`. An empty URL is that of a relay
 * which does not know its own: such a relay is meant by `ALL_RELAYS` alone.
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

/** One spelling for all those that lead to the same relay; undefined when it is no relay's URL. */
function normalUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "wss:" && url?.protocol !== "ws:") return undefined;
  // The parser has lowered scheme and host and dropped the default port.
  return `${url.host}${url.pathname.replace(/\/+$/, "")}${url.search}`;
}
