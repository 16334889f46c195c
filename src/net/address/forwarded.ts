/**
 * Who a request comes from when proxies that speak HTTP stand between.
 *
 * Each proxy adds whom it heard the request from to a header, at the right end. A client can send such
 * a header too, with whatever it likes in it, and proxies keep that on the left. So the list is walked
 * from the right, beginning with the socket's own address, and each entry is believed only because the
 * address that wrote it belongs to a proxy of the operator's. The first address that does not is the
 * client; what stands to its left cannot be trusted.
 *
 * Which of the two headers the proxies write is a setting. A proxy that writes one lets the
 * other through as it came, so that whoever reads both, or either, believes clients.
 *
 * @see RFC 7239
 * @module
 */

import { formatIpAddress, type IpAddress, parseIpAddress } from "./ip_address.ts";
import type { NetworkList } from "./network.ts";

/** What is known of whoever sent a request. */
export interface Client {
  /** An IP address, or `unix`. */
  readonly address: string;
  /** Whether its connection is encrypted. */
  readonly secure: boolean;
}

/** Who is believed, and where they write. */
export interface ForwardedTrust {
  /**
   * - `forwarded`: `Forwarded`, as RFC 7239 has it.
   * - `x-forwarded`: `X-Forwarded-For` and `X-Forwarded-Proto`, which have no standard.
   */
  readonly header: "forwarded" | "x-forwarded";
  /** The addresses of the operator's proxies. */
  readonly proxies: NetworkList;
  /** Whether a peer on a Unix socket is one of them, too. */
  readonly unixIsProxy: boolean;
}

/** Entries that are looked at. More proxies in a row are a loop. */
const maxHops = 32;

/**
 * The client behind `peer`, which is the socket's other end. A peer that is no proxy is the client
 * itself, whatever its headers say. An entry that is missing, malformed, hidden (`_name`) or `unknown`
 * ends the walk at the address before it.
 *
 * Whether the client's connection is encrypted is what the last proxy on the walk says of it; a proxy
 * that does not say leaves it as the one before had it.
 *
 * @see RFC 7239 §7.4 and §8.1
 */
export function forwardedClient(peer: Client, headers: Headers, trust: ForwardedTrust): Client {
  if (!isProxy(peer.address, trust)) return peer;
  let { address, secure } = peer;
  let hops = 0;
  for (const hop of trust.header === "forwarded" ? forwardedHops(headers) : xHops(headers)) {
    secure = hop.secure ?? secure;
    if (hop.address === undefined) break;
    address = formatIpAddress(hop.address);
    if (!trust.proxies.contains(hop.address) || ++hops === maxHops) break;
  }
  return { address, secure };
}

function isProxy(peer: string, { proxies, unixIsProxy }: ForwardedTrust): boolean {
  if (peer === "unix") return unixIsProxy;
  const address = parseIpAddress(peer);
  return address !== undefined && proxies.contains(address);
}

/** What one proxy says of whoever it heard a request from. */
interface Hop {
  readonly address: IpAddress | undefined;
  /** Undefined if it does not say. */
  readonly secure: boolean | undefined;
}

/** A proxy that says nothing that could be understood. */
const silentHop: Hop = { address: undefined, secure: undefined };

function* forwardedHops(headers: Headers): Generator<Hop> {
  for (const element of membersFromRight(headers.get("forwarded") ?? "")) {
    yield forwardedHop(element);
  }
}

/**
 * One pair of RFC 7239 §4 and the semicolon behind it: `forwarded-element = [ forwarded-pair ] *( ";"
 * [ forwarded-pair ] )`. Blanks after a semicolon are not in the grammar, but in many a configuration.
 */
const forwardedPair =
  /[ \t]*(?:([!#$%&'*+\-.^_`|~\w]+)=(?:([!#$%&'*+\-.^_`|~\w]+)|"((?:[^"\\]|\\.)*)"))?(?:;|$)/y;

function forwardedHop(element: string): Hop {
  const parameters = new Map<string, string>();
  forwardedPair.lastIndex = 0;
  while (forwardedPair.lastIndex < element.length) {
    const pair = forwardedPair.exec(element);
    if (pair === null) return silentHop;
    const [, name, token, quoted = ""] = pair;
    if (name === undefined) continue;
    // §4: "Each parameter MUST NOT occur more than once" and "parameter names are case-insensitive".
    const key = name.toLowerCase();
    if (parameters.has(key)) return silentHop;
    parameters.set(key, token ?? quoted.replace(/\\(.)/g, "$1"));
  }
  return {
    address: nodeAddress(parameters.get("for") ?? ""),
    secure: isSecure(parameters.get("proto")),
  };
}

function* xHops(headers: Headers): Generator<Hop> {
  // A proxy that replaces the list of protocols leaves one that is shorter than the list of addresses.
  const protocols = membersFromRight(headers.get("x-forwarded-proto") ?? "");
  for (const node of membersFromRight(headers.get("x-forwarded-for") ?? "")) {
    const address = parseIpAddress(node) ?? nodeAddress(node);
    yield { address, secure: isSecure(protocols.next().value) };
  }
}

/**
 * The members of a list, the last one first; an empty list has one empty member. It is read
 * backwards, so that a quote which a client left open cannot swallow what a proxy wrote after it.
 * Empty members are returned, because a proxy that knows no address may have written one: to skip
 * it would be to believe what the client wrote before it.
 */
function* membersFromRight(list: string): Generator<string, undefined> {
  let end = list.length;
  let isQuoted = false;
  for (let at = end - 1; at >= 0; at--) {
    if (list[at] === '"') {
      if (!isQuoted || !isEscaped(list, at)) isQuoted = !isQuoted;
    } else if (list[at] === "," && !isQuoted) {
      yield list.slice(at + 1, end).trim();
      end = at;
    }
  }
  yield list.slice(0, end).trim();
}

/** Whether an odd number of backslashes stands before `at`: each pair of them is a backslash itself. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (start > 0 && text[start - 1] === "\\") start--;
  return (at - start) % 2 === 1;
}

/**
 * RFC 7239 §6: a name, and perhaps a port. "Note that an IPv6 address is always enclosed in square
 * brackets."
 */
const forwardedNode = /^(?:([^:[\]]+)|\[([^\]]*:[^\]]*)\])(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?$/;

/** The address of a node. `unknown` (§6.2) and `_hidden` (§6.3) have none. */
function nodeAddress(node: string): IpAddress | undefined {
  const [, bare, bracketed] = forwardedNode.exec(node) ?? [];
  const name = bare ?? bracketed;
  return name === undefined ? undefined : parseIpAddress(name);
}

/** RFC 7239 §5.4, a URI scheme; some proxies name that of WebSocket. */
function isSecure(protocol: string | undefined): boolean | undefined {
  switch (protocol?.toLowerCase()) {
    case "https":
    case "wss":
      return true;
    case "http":
    case "ws":
      return false;
    default:
      return undefined;
  }
}
