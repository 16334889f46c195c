/**
 * Where to listen, as people write it.
 *
 * @module
 */

/** A place to listen at. */
export type ListenAddress =
  /** Port 0 lets the system choose one. */
  | { readonly type: "tcp"; readonly host: string; readonly port: number }
  | { readonly type: "unix"; readonly path: string };

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:/path`; undefined if it is none of these.
 *
 * @example
 * ```ts
 * import { parseListenAddress } from "./listen_address.ts";
 * import { deepEqual, equal } from "node:assert/strict";
 *
 * deepEqual(parseListenAddress("[::1]:80"), { type: "tcp", host: "::1", port: 80 });
 * deepEqual(parseListenAddress("unix:/run/relay"), { type: "unix", path: "/run/relay" });
 * equal(parseListenAddress("8080"), undefined);
 * ```
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    return path === "" ? undefined : { type: "unix", path };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? match[2]!;
  const port = Number(match[3]);
  return port > 65_535 ? undefined : { type: "tcp", host, port };
}

/** Writes an address the way {@link parseListenAddress} reads it. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.type === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** The URL a WebSocket client on this machine would use. */
export function listenUrl(address: ListenAddress, secure = false): string {
  const scheme = secure ? "wss" : "ws";
  return address.type === "unix"
    ? `${scheme}+unix:${address.path}`
    : `${scheme}://${formatListenAddress(address)}`;
}
