/**
 * Parses the URL of a WebSocket server.
 *
 * @see RFC 6455 §3
 * @module
 */

/** The parts of a URL that a client needs. */
export type WebSocketUrl =
  & {
    /** The value of `Host`: the name, and the port where it is not the usual one. */
    readonly authority: string;
    /** The path and query that are asked for. */
    readonly target: string;
  }
  & (
    | {
      readonly type: "tcp";
      /** Whether the connection is encrypted. */
      readonly secure: boolean;
      /** A name or an address, IPv6 without its brackets. */
      readonly host: string;
      readonly port: number;
    }
    /** A socket file of this machine. */
    | { readonly type: "unix"; readonly path: string }
  );

/** RFC 6455 §3: the ports that a URL need not name. */
const usualPorts: Readonly<Record<string, number>> = { "ws:": 80, "wss:": 443 };

const unixScheme = "ws+unix:";

/**
 * Reads `ws://HOST[:PORT]/PATH`, the same with `wss:`, or `ws+unix:FILE[:/PATH]`; undefined for
 * anything else. A user's name in a URL, which nothing here would send, is nothing a URL may have.
 */
export function parseWebSocketUrl(text: string): WebSocketUrl | undefined {
  if (text.startsWith(unixScheme)) return parseUnixUrl(text.slice(unixScheme.length));
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const usualPort = usualPorts[url?.protocol ?? ""];
  if (url === undefined || usualPort === undefined) return undefined;
  if (url.username !== "" || url.password !== "") return undefined;
  // §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
  if (url.hash !== "" || text.endsWith("#")) return undefined;
  return {
    type: "tcp",
    secure: url.protocol === "wss:",
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? usualPort : Number(url.port),
    authority: url.host,
    target: `${url.pathname}${url.search}`,
  };
}

function parseUnixUrl(rest: string): WebSocketUrl | undefined {
  const [path = "", target = "/", ...more] = rest.split(":");
  if (path === "" || more.length > 0 || !/^\/[!-~]*$/.test(target)) return undefined;
  return { type: "unix", path, authority: "localhost", target };
}
