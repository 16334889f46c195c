/**
 * Tells addresses of the public internet from those of this machine and of networks near it.
 *
 * Whoever connects to what a stranger has named must not be led to services that trust their own
 * network: a database without a password, the metadata of a cloud machine.
 *
 * @see IANA IPv4 Special-Purpose Address Registry
 * @see IANA IPv6 Special-Purpose Address Registry
 * @see RFC 6890
 * @module
 */

import { type IpAddress, ipAddress, parseIpAddress, prefixKey } from "./ip_address.ts";
import { type NetworkList, networkList, parseNetwork } from "./network.ts";
import { addressesOfSystem, type InterfaceAddress } from "./primary_address.ts";

function listOf(...texts: readonly string[]): NetworkList {
  return networkList(texts.map((text) => {
    const network = parseNetwork(text);
    if (network.type !== "network") throw new TypeError(network.sentence);
    return network;
  }));
}

/** What the registries do not call globally reachable, multicast, and broadcast. */
const notPublic = listOf(
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"],
  ...["172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"],
  ...["198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
  // The agent of the host, which machines at Azure reach under a public address.
  "168.63.129.16/32",
  // Teredo among them, which carries an IPv4 address, as 6to4 (2002::/16) does.
  ...["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
);

/** RFC 4291 §2.4: the only unicast addresses that IANA has given out. */
const givenOut = listOf("2000::/3");

/** RFC 6052: the last four bytes are an IPv4 address, which a gateway connects to. */
const translated = listOf("64:ff9b::/96");

/**
 * Whether an address is one of the public internet. What is no address is not public.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { isPublicAddress } from "./public_address.ts";
 *
 * equal(isPublicAddress("1.1.1.1"), true);
 * equal(isPublicAddress("169.254.169.254"), false);
 * equal(isPublicAddress("::ffff:127.0.0.1"), false);
 * equal(isPublicAddress("64:ff9b::10.0.0.1"), false);
 * ```
 */
export function isPublicAddress(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && isPublic(address);
}

function isPublic(address: IpAddress): boolean {
  if (address.version === 4) return !notPublic.contains(address);
  if (translated.contains(address)) return isPublic(unwrapped(address));
  return givenOut.contains(address) && !notPublic.contains(address);
}

/**
 * Whether an address is public and none of this machine, whose services may be meant for itself
 * alone: a firewall before it does not see what it says to itself. In IPv6 neither one of the networks
 * that it is connected to, where machines of one house have public addresses.
 */
export function isFarAddress(
  text: string,
  interfaces: readonly InterfaceAddress[] = addressesOfSystem(),
): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && isPublic(address) &&
    !interfaces.some((each) => isNear(unwrapped(address), each));
}

function isNear(address: IpAddress, { address: own, cidr }: InterfaceAddress): boolean {
  const parsed = parseIpAddress(own);
  if (parsed?.version !== address.version) return false;
  const bits = parsed.version === 6 ? Number(cidr?.split("/")[1] ?? 128) : 32;
  const prefix = { ipv4Bits: bits, ipv6Bits: bits };
  return prefixKey(parsed, prefix) === prefixKey(address, prefix);
}

/** What a gateway connects to for an address. */
function unwrapped(address: IpAddress): IpAddress {
  return translated.contains(address) ? ipAddress(address.bytes.slice(12)) : address;
}
