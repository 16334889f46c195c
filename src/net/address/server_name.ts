/**
 * Matches host names against the names of a certificate.
 *
 * @see RFC 6125 §6.4
 * @module
 */

/**
 * Whether one of a certificate's names, in lower case, is good for the host `name`. A star stands for
 * one whole label, the first one.
 *
 * @example
 * ```ts
 * import { namesMatch } from "./server_name.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(namesMatch(["*.example.com"], "relay.example.com"), true);
 * equal(namesMatch(["*.example.com"], "a.relay.example.com"), false);
 * ```
 */
export function namesMatch(names: readonly string[], name: string): boolean {
  const host = name.toLowerCase().replace(/\.$/, "");
  const dot = host.indexOf(".");
  const starred = dot <= 0 ? undefined : `*${host.slice(dot)}`;
  return names.some((candidate) => candidate === host || candidate === starred);
}
