/**
 * The PROXY protocol: the header that a proxy which knows no HTTP puts before the bytes of a
 * connection, to say on whose behalf it connects. Version 1 is a line of text, version 2 is binary.
 *
 * A header cannot be verified: one that a client sent looks like one of a proxy. So the
 * configuration and the peer's address decide whether a header comes first, and never the bytes:
 * "the receiver MUST not try to guess whether the protocol header is present or not" (§2). Where
 * one is expected, nothing else is let through.
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 * @module
 */

import { assert } from "../../base/assert.ts";
import { concat } from "../../base/bytes.ts";
import { parseDecimal } from "./decimal.ts";
import { type IpAddress, ipAddress, parseIpAddress } from "./ip_address.ts";

/** One end of the connection between the client and the proxy. */
export interface ProxyEndpoint {
  readonly address: IpAddress;
  readonly port: number;
}

/** On whose behalf the proxy connected. */
type ProxyOrigin =
  /** A client over TCP: `source` is its address. */
  | {
    readonly type: "tcp";
    readonly source: ProxyEndpoint;
    readonly destination: ProxyEndpoint;
  }
  /** A client over a Unix socket of the proxy's machine. */
  | { readonly type: "unix" }
  /** Nobody: the proxy itself, such as for a health check. The socket's own peer counts. */
  | { readonly type: "local" }
  /** Somebody of whom the proxy could not or would not say. The socket's own peer counts. */
  | { readonly type: "unknown" };

/** A header that has arrived whole. */
export interface ProxyHeader {
  readonly type: "header";
  readonly version: 1 | 2;
  readonly origin: ProxyOrigin;
  /** Its length. What follows belongs to the connection. */
  readonly headerBytes: number;
}

/**
 * Why there is no header. The connection must be dropped: "Any sequence which does not exactly match the
 * protocol must be discarded and cause the receiver to abort the connection" (§2.1).
 */
export interface ProxyFault {
  readonly type: "fault";
  /** Stable: metrics and logs count by it. */
  readonly name: string;
  /** For people. */
  readonly sentence: string;
}

/** What a reader may be asked to hold. */
interface ProxyLimits {
  /**
   * The longest header, in bytes, at least {@link minProxyHeaderBytes}. Whoever may send headers
   * can make us hold as much for each connection.
   */
  readonly maxHeaderBytes: number;
}

/** The longest header without extensions: that of a Unix socket. No limit is lower. */
export const minProxyHeaderBytes = 16 + 2 * 108;

/** Room for all that load balancers are known to add, certificates' names and ids among it. */
export const defaultProxyLimits: ProxyLimits = { maxHeaderBytes: 4096 };

/** The faults by name. */
export const proxyFaults = {
  notProxyProtocol: fault("not-proxy-protocol", "the connection does not start with a header"),
  lineTooLong: fault("line-too-long", "the line does not end within 107 bytes"),
  malformedLine: fault("malformed-line", "the line is not made of the six words it should have"),
  malformedAddress: fault("malformed-address", "an address is not one of the announced family"),
  malformedPort: fault("malformed-port", "a port is not a decimal number from 0 to 65535"),
  unknownVersion: fault("unknown-version", "the version is not 2"),
  unknownCommand: fault("unknown-command", "the command is neither LOCAL nor PROXY"),
  unknownFamily: fault("unknown-family", "the address family or the transport has no meaning"),
  headerTooLong: fault("header-too-long", "the header is longer than this server allows"),
  shortAddresses: fault("short-addresses", "the header ends before its addresses do"),
} as const satisfies Readonly<Record<string, ProxyFault>>;

function fault(name: string, sentence: string): ProxyFault {
  return { type: "fault", name, sentence };
}

/** A header, and where it ended. */
export interface FoundProxyHeader extends ProxyHeader {
  /** How many bytes of the last {@link ProxyHeaderReader.feed} it took. The rest was not touched. */
  readonly consumedBytes: number;
}

const noBytes = new Uint8Array(0);

/** Collects reads until they hold a header. After a header or a fault it must not be fed again. */
export class ProxyHeaderReader {
  readonly #limits: ProxyLimits;
  /** The reads so far: never as much as a whole header, and so never beyond the limit. */
  #held: Uint8Array = noBytes;
  #done = false;

  constructor(limits: ProxyLimits) {
    assert(limits.maxHeaderBytes >= minProxyHeaderBytes, "the limit lets each header pass");
    this.#limits = limits;
  }

  /** Takes one read: undefined while bytes are missing, else the header or what is wrong with it. */
  feed(bytes: Uint8Array): FoundProxyHeader | ProxyFault | undefined {
    assert(!this.#done, "there is one header to a connection");
    const heldBytes = this.#held.length;
    const wanted = bytes.subarray(0, this.#limits.maxHeaderBytes - heldBytes);
    const soFar = heldBytes === 0 ? wanted : concat([this.#held, wanted]);
    const header = decodeProxyHeader(soFar, this.#limits);
    if (header === undefined) {
      // A copy, so that a few bytes do not hold the memory of a whole read.
      this.#held = soFar === wanted ? wanted.slice() : soFar;
      return undefined;
    }
    this.#done = true;
    this.#held = noBytes;
    if (header.type === "fault") return header;
    return { ...header, consumedBytes: header.headerBytes - heldBytes };
  }
}

/** What all headers of version 2 start with. */
const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** What all headers of version 1 start with: `PROXY` and exactly one space. */
const lineStart = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];

/**
 * Reads the header that `bytes` start with: undefined while bytes are missing, a fault as soon as what
 * is there cannot become a header. More bytes never change an answer that is not undefined.
 */
export function decodeProxyHeader(
  bytes: Uint8Array,
  limits: ProxyLimits,
): ProxyHeader | ProxyFault | undefined {
  if (startsLike(bytes, signature)) return decodeBinary(bytes, limits.maxHeaderBytes);
  if (startsLike(bytes, lineStart)) return decodeLine(bytes);
  return proxyFaults.notProxyProtocol;
}

/** Whether the bytes are the start of something that starts with `start`. */
function startsLike(bytes: Uint8Array, start: readonly number[]): boolean {
  const length = Math.min(bytes.length, start.length);
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== start[at]) return false;
  }
  return true;
}

/**
 * §2.1: "If the CRLF sequence is not found in the first 107 characters, the receiver should declare the
 * line invalid."
 */
const maxLineBytes = 107;

function decodeLine(bytes: Uint8Array): ProxyHeader | ProxyFault | undefined {
  const end = lineEnd(bytes);
  if (end < 0) return bytes.length < maxLineBytes ? undefined : proxyFaults.lineTooLong;
  const origin = lineOrigin(String.fromCharCode(...bytes.subarray(0, end)));
  if (origin.type === "fault") return origin;
  return { type: "header", version: 1, origin, headerBytes: end + 2 };
}

/** Where the line ends, or -1. §2.1: a receiver "must not tolerate a single CR or LF character". */
function lineEnd(bytes: Uint8Array): number {
  const last = Math.min(bytes.length, maxLineBytes) - 1;
  for (let at = 0; at < last; at++) {
    if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at;
  }
  return -1;
}

function lineOrigin(line: string): ProxyOrigin | ProxyFault {
  const [, family, ...words] = line.split(" ");
  // §2.1: "the receiver must ignore anything presented before the CRLF is found".
  if (family === "UNKNOWN") return { type: "unknown" };
  if ((family !== "TCP4" && family !== "TCP6") || words.length !== 4) {
    return proxyFaults.malformedLine;
  }
  const [sourceAddress, destinationAddress, sourcePort, destinationPort] = words;
  const source = lineEndpoint(family, sourceAddress!, sourcePort!);
  if ("type" in source) return source;
  const destination = lineEndpoint(family, destinationAddress!, destinationPort!);
  return "type" in destination ? destination : { type: "tcp", source, destination };
}

function lineEndpoint(
  family: "TCP4" | "TCP6",
  addressText: string,
  portText: string,
): ProxyEndpoint | ProxyFault {
  // §2.1: "The advertised protocol family dictates what format to use."
  const isRightFormat = addressText.includes(":") === (family === "TCP6");
  const address = isRightFormat ? parseIpAddress(addressText) : undefined;
  if (address === undefined) return proxyFaults.malformedAddress;
  // §2.1: "Heading zeroes are not permitted in front of numbers".
  const port = parseDecimal(portText, 65_535);
  return port === undefined ? proxyFaults.malformedPort : { address, port };
}

/** Where version 2 has its fields: §2.2. */
const versionAt = 12;
const familyAt = 13;
const lengthAt = 14;
const addressesAt = 16;

/** What follows the first sixteen bytes of version 2. */
interface AddressBlock {
  /** How long it is, without the extensions that may come after it. */
  readonly bytes: number;
  /** What it says, given the whole header. */
  readonly origin: (header: Uint8Array) => ProxyOrigin;
}

/** No addresses, or such as are not looked at. */
const noAddresses: AddressBlock = { bytes: 0, origin: () => ({ type: "unknown" }) };
const localAddresses: AddressBlock = { bytes: 0, origin: () => ({ type: "local" }) };
const unixAddresses: AddressBlock = { bytes: 2 * 108, origin: () => ({ type: "unix" }) };

/** The families that can reach a server, each over streams, by the byte that announces them. */
const addressBlocks: ReadonlyMap<number, AddressBlock> = new Map([
  [0x11, tcpAddresses(4)],
  [0x21, tcpAddresses(16)],
  [0x31, unixAddresses],
]);

/** The highest values that §2.2 gives a meaning: Unix sockets, datagrams. */
const maxFamily = 0x3;
const maxTransport = 0x2;

const localCommand = 0x0;
const proxyCommand = 0x1;

/** Checks in the order of the bytes, so that a header in pieces meets the same fault as a whole one. */
function decodeBinary(
  bytes: Uint8Array,
  maxHeaderBytes: number,
): ProxyHeader | ProxyFault | undefined {
  if (bytes.length <= versionAt) return undefined;
  // §2.2: "it must always be sent as \x2 and the receiver must only accept this value".
  if (bytes[versionAt]! >> 4 !== 2) return proxyFaults.unknownVersion;
  const command = bytes[versionAt]! & 0x0f;
  // §2.2: "Receivers must drop connections presenting unexpected values here."
  if (command > proxyCommand) return proxyFaults.unknownCommand;

  if (bytes.length <= familyAt) return undefined;
  const block = addressBlock(command, bytes[familyAt]!);
  if ("type" in block) return block;

  if (bytes.length < addressesAt) return undefined;
  const blockBytes = readUint16(bytes, lengthAt);
  const headerBytes = addressesAt + blockBytes;
  if (headerBytes > maxHeaderBytes) return proxyFaults.headerTooLong;
  if (blockBytes < block.bytes) return proxyFaults.shortAddresses;
  // §2.2: "The receiver must not start to parse an address before the whole address block is received."
  if (bytes.length < headerBytes) return undefined;
  // Between the addresses and the end lie extensions, which "a receiver may choose to skip over".
  return { type: "header", version: 2, origin: block.origin(bytes), headerBytes };
}

function addressBlock(command: number, announced: number): AddressBlock | ProxyFault {
  // §2.2 of LOCAL: "discard the protocol block including the family which is ignored".
  if (command === localCommand) return localAddresses;
  // §2.2: other values "must be rejected as invalid by receivers".
  const isKnown = announced >> 4 <= maxFamily && (announced & 0x0f) <= maxTransport;
  if (!isKnown) return proxyFaults.unknownFamily;
  // §2.2: a receiver "automatically falls back to the UNSPEC mode for the valid combinations above that
  // it does not support".
  return addressBlocks.get(announced) ?? noAddresses;
}

/** §2.2: both addresses, each of `length` bytes, then both ports, in the order source, destination. */
function tcpAddresses(length: 4 | 16): AddressBlock {
  const portsAt = addressesAt + 2 * length;
  const endpoint = (header: Uint8Array, place: 0 | 1): ProxyEndpoint => {
    const at = addressesAt + place * length;
    return {
      address: ipAddress(header.subarray(at, at + length)),
      port: readUint16(header, portsAt + 2 * place),
    };
  };
  return {
    bytes: 2 * length + 4,
    origin: (header) => ({
      type: "tcp",
      source: endpoint(header, 0),
      destination: endpoint(header, 1),
    }),
  };
}

function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
