/**
 * Parses the address to connect to.
 *
 * @module
 */

/** The address of a server. */
export type DialTarget =
  | {
    readonly type: "tcp";
    /** A name, or an IP address without brackets. */
    readonly host: string;
    readonly port: number;
    /** Whether TLS is spoken. */
    readonly secure: boolean;
  }
  | { readonly type: "unix"; readonly path: string };

/** What each scheme means: whether TLS is spoken, and at which port if none is said. */
const schemes: ReadonlyMap<string, { readonly secure: boolean; readonly port?: number }> = new Map([
  ["tcp:", { secure: false }],
  ["tls:", { secure: true }],
  ["ws:", { secure: false, port: 80 }],
  ["http:", { secure: false, port: 80 }],
  ["wss:", { secure: true, port: 443 }],
  ["https:", { secure: true, port: 443 }],
]);

/**
 * Reads `tcp://HOST:PORT`, `tls://HOST:PORT`, the URL of a WebSocket or web server, `unix:/path`, or
 * `HOST:PORT` alone; undefined if it is none of these.
 *
 * @example
 * ```ts
 * import { deepEqual, equal } from "node:assert/strict";
 * import { parseDialTarget } from "./dial_target.ts";
 *
 * deepEqual(parseDialTarget("wss://relay.example/path"), {
 *   type: "tcp",
 *   host: "relay.example",
 *   port: 443,
 *   secure: true,
 * });
 * deepEqual(parseDialTarget("[::1]:80"), { type: "tcp", host: "::1", port: 80, secure: false });
 * equal(parseDialTarget("ftp://relay.example"), undefined);
 * ```
 */
export function parseDialTarget(text: string): DialTarget | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path === "" ? undefined : { type: "unix", path };
  }
  const url = text.includes("://") ? text : `tcp://${text}`;
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const scheme = schemes.get(protocol);
  const number = port === "" ? scheme?.port : Number(port);
  if (scheme === undefined || number === undefined || hostname === "") return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { type: "tcp", host, port: number, secure: scheme.secure };
}

/** Writes a target the way {@link parseDialTarget} reads it. */
export function formatDialTarget(target: DialTarget): string {
  if (target.type === "unix") return `unix:${target.path}`;
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  return `${target.secure ? "tls" : "tcp"}://${host}:${target.port}`;
}
