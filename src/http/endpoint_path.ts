/**
 * The path at which the relay is: that of its WebSocket endpoint, its NIP-11 document and its page.
 *
 * @module
 */

/**
 * Whether a path is that of the relay. A slash at its end makes no difference: clients are known to add
 * one to the URL that they were given, and to take one away.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { isEndpointPath } from "./endpoint_path.ts";
 *
 * equal(isEndpointPath("/nostr/", "/nostr"), true);
 * equal(isEndpointPath("/nostr", "/nostr/"), true);
 * equal(isEndpointPath("/", "/nostr"), false);
 * ```
 */
export function isEndpointPath(path: string, endpoint: string): boolean {
  return path === endpoint || canonical(path) === canonical(endpoint);
}

/**
 * The URL of the relay on a server: a root has no path to show.
 *
 * @param base Without a path: `ws://HOST:PORT`, or `ws+unix:/run/relay`, whose path of HTTP follows a
 * colon, as the `ws` package has it.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { endpointUrl } from "./endpoint_path.ts";
 *
 * equal(endpointUrl("ws://127.0.0.1:8080", "/nostr"), "ws://127.0.0.1:8080/nostr");
 * equal(endpointUrl("ws://127.0.0.1:8080", "/"), "ws://127.0.0.1:8080");
 * equal(endpointUrl("ws+unix:/run/relay", "/nostr"), "ws+unix:/run/relay:/nostr");
 * ```
 */
export function endpointUrl(base: string, endpoint: string): string {
  if (endpoint === "/") return base;
  return `${base}${base.includes("+unix:") ? ":" : ""}${endpoint}`;
}

/** As URLs write it, which clients may do or leave, and without the slash. */
function canonical(path: string): string {
  const written = URL.parse(`http://localhost${path}`)?.pathname ?? path;
  return written.endsWith("/") ? written.slice(0, -1) : written;
}
