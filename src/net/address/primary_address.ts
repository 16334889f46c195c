/**
 * Finds the address under which other hosts reach this machine.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import { type IpAddress, parseIpAddress } from "./ip_address.ts";
import { networkList, parseNetwork } from "./network.ts";

/** What {@link primaryAddress} looks at of an interface's address. */
export interface InterfaceAddress {
  /** An IP address, perhaps with a zone. */
  readonly address: string;
  /** Whether the interface is a loopback. */
  readonly internal: boolean;
  /** The address and the length of its network's prefix, where the system tells it. */
  readonly cidr?: string | null;
}

/** RFC 3927 and RFC 4291 §2.5.6: reachable on one link only, and in IPv6 only with a zone. */
const linkLocal = networkList(
  ["169.254.0.0/16", "fe80::/10"].map(parseNetwork).filter((network) => network.type === "network"),
);

/**
 * The first address of this machine that is neither loopback nor link-local, in the order in which the
 * system lists its interfaces, or undefined if it has none. Sends nothing. Connecting a UDP socket would
 * show which source address the system chooses, but the runtime does not report it.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { primaryAddress } from "./primary_address.ts";
 *
 * const addresses = [
 *   { address: "127.0.0.1", internal: true },
 *   { address: "fe80::1", internal: false },
 *   { address: "2001:db8::1", internal: false },
 *   { address: "192.0.2.1", internal: false },
 * ];
 * equal(primaryAddress(4, addresses), "192.0.2.1");
 * equal(primaryAddress(6, addresses), "2001:db8::1");
 * ```
 */
export function primaryAddress(
  version: IpAddress["version"],
  addresses: readonly InterfaceAddress[] = addressesOfSystem(),
): string | undefined {
  return addresses.find(({ address, internal }) => {
    const parsed = parseIpAddress(address);
    return !internal && parsed?.version === version && !linkLocal.contains(parsed);
  })?.address;
}

/**
 * The addresses of all interfaces. None where the program may not ask (`--allow-sys=networkInterfaces`).
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { addressesOfSystem } from "./primary_address.ts";
 *
 * equal(addressesOfSystem().some(({ address }) => address === "203.0.113.77"), false);
 * ```
 */
export function addressesOfSystem(): readonly InterfaceAddress[] {
  try {
    return Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  } catch {
    return [];
  }
}
