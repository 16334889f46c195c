/**
 * Networks: all addresses that begin with the same bits.
 *
 * @see RFC 4632 §3.1 and RFC 4291 §2.3, the notation
 * @module
 */

import { parseDecimal } from "./decimal.ts";
import {
  formatIpAddress,
  type IpAddress,
  isSameAddress,
  parseIpAddress,
  truncateAddress,
} from "./ip_address.ts";

/** All addresses whose first bits are those of one address. */
export interface Network {
  readonly type: "network";
  /** The first address: bits beyond the prefix are zero. */
  readonly address: IpAddress;
  /** How many bits are the same: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  readonly bits: number;
}

/** Why a text is no network. */
export interface NetworkFault {
  readonly type: "fault";
  /**
   * Stable.
   * - `malformed-address`: there is no address before the slash.
   * - `malformed-prefix`: there is no number after it, or one beyond the length of the address.
   * - `host-bits`: the address goes on after the prefix, so that one of the two must be wrong.
   */
  readonly name: "malformed-address" | "malformed-prefix" | "host-bits";
  /** For people. */
  readonly sentence: string;
}

/**
 * Reads `ADDRESS/BITS`; an address alone is the network of that one address. An IPv4 network may come
 * as IPv4-mapped IPv6: `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
 *
 * @example
 * ```ts
 * import { formatNetwork, parseNetwork } from "./network.ts";
 * import { equal } from "node:assert/strict";
 *
 * const one = parseNetwork("2001:DB8::1");
 * equal(one.type === "network" && formatNetwork(one), "2001:db8::1/128");
 * const wrong = parseNetwork("10.0.0.1/8");
 * equal(wrong.type === "fault" && wrong.name, "host-bits");
 * ```
 */
export function parseNetwork(text: string): Network | NetworkFault {
  const slash = text.indexOf("/");
  const written = slash < 0 ? text : text.slice(0, slash);
  const address = parseIpAddress(written);
  if (address === undefined) return fault("malformed-address", `${text} has no IP address`);
  const addressBits = address.bytes.length * 8;
  if (slash < 0) return { type: "network", address, bits: addressBits };

  // The text of a mapped address has 96 bits more, which only say that it is one.
  const mappingBits = address.version === 4 && written.includes(":") ? 96 : 0;
  const maxBits = mappingBits + addressBits;
  const writtenBits = parseDecimal(text.slice(slash + 1), maxBits);
  if (writtenBits === undefined) {
    return fault("malformed-prefix", `${text} has no prefix length from 0 to ${maxBits}`);
  }
  const bits = writtenBits - mappingBits;
  if (bits < 0) return fault("host-bits", `${text} cuts into the mark of a mapped address`);
  const first = truncateAddress(address, bits);
  const network = { type: "network", address: first, bits } as const;
  if (isSameAddress(address, first)) return network;
  return fault(
    "host-bits",
    `${text} has bits beyond its prefix: ${formatNetwork(network)} has not`,
  );
}

function fault(name: NetworkFault["name"], sentence: string): NetworkFault {
  return { type: "fault", name, sentence };
}

/**
 * Writes a network the way {@link parseNetwork} reads it.
 *
 * @example
 * ```ts
 * import { ipAddress } from "./ip_address.ts";
 * import { formatNetwork } from "./network.ts";
 * import { equal } from "node:assert/strict";
 *
 * equal(formatNetwork({ type: "network", address: ipAddress([10, 0, 0, 0]), bits: 8 }), "10.0.0.0/8");
 * ```
 */
export function formatNetwork({ address, bits }: Network): string {
  return `${formatIpAddress(address)}/${bits}`;
}

/**
 * Whether a network contains an address. Networks of one version contain no address of the other:
 * `::/0` is all of IPv6 and nothing of IPv4.
 *
 * @example
 * ```ts
 * import { ipAddress } from "./ip_address.ts";
 * import { networkContains, parseNetwork } from "./network.ts";
 * import { equal } from "node:assert/strict";
 *
 * const network = parseNetwork("10.0.0.0/8");
 * if (network.type === "fault") throw new Error(network.sentence);
 * equal(networkContains(network, ipAddress([10, 1, 2, 3])), true);
 * equal(networkContains(network, ipAddress([11, 0, 0, 0])), false);
 * ```
 */
export function networkContains({ address: first, bits }: Network, address: IpAddress): boolean {
  if (first.version !== address.version) return false;
  const wholeBytes = bits >> 3;
  for (let at = 0; at < wholeBytes; at++) {
    if (first.bytes[at] !== address.bytes[at]) return false;
  }
  const restBits = bits & 7;
  if (restBits === 0) return true;
  return (first.bytes[wholeBytes]! ^ address.bytes[wholeBytes]!) >> (8 - restBits) === 0;
}
