/**
 * Extracts URL, origin and user agent from a WebSocket opening handshake.
 *
 * @module
 */

import { utf8, utf8Decode } from "../../base/bytes.ts";
import type { ConnectionInfo } from "../../net/server/listen.ts";
import type { Handshake } from "../../relay/access/client.ts";

/** Header values are cut to this length, characters: a user agent may be as long as a request. */
const MAX_KEPT = 256;

/** The URL that a client connected to, with its Origin and User-Agent. Proxies pass `Host` on. */
export function handshakeOf(
  { target, headers, secure }: Pick<ConnectionInfo, "target" | "headers" | "secure">,
): Handshake {
  const host = headers.get("host");
  const path = target.split("?", 1)[0]!;
  const origin = headers.get("origin");
  const userAgent = headers.get("user-agent");
  return {
    ...host !== null && { url: kept(`${secure ? "wss" : "ws"}://${host}${path}`) },
    ...origin !== null && { origin: kept(origin) },
    ...userAgent !== null && { userAgent: kept(userAgent) },
  };
}

/** A copy: a piece of a text keeps all of it, which here is a head of 16 KiB for each connection. */
function kept(text: string): string {
  return utf8Decode(utf8(text.slice(0, MAX_KEPT))) ?? "";
}
