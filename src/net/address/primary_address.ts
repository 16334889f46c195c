/**
 * Under which address others reach this machine.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import { type IpAddress, parseIpAddress } from "./ip_address.ts";
import type { Network } from "./network.ts";
import { networkList } from "./network_list.ts";

/** What {@link primaryAddress} looks at of an interface's address. */
export interface InterfaceAddress {
  /** An IP address, or what stands for one. */
  readonly address: string;
  /** Whether only this machine reaches it. */
  readonly internal: boolean;
}

/** RFC 3927 and RFC 4291 §2.5.6: good for one link only, and in IPv6 only together with its name. */
const linkLocal = networkList([
  network([169, 254, 0, 0], 16),
  network([0xfe, 0x80, ...new Array<number>(14).fill(0)], 10),
]);

function network(bytes: readonly number[], bits: number): Network {
  const version = bytes.length === 4 ? 4 : 6;
  return { type: "network", address: { version, bytes: Uint8Array.from(bytes) }, bits };
}

/**
 * The first address of this machine that others can use, in the order in which the system lists its
 * interfaces, or undefined if it has none. Nothing is sent. The other way to know, to have the system
 * choose an address for a datagram to somewhere, is closed: the runtime does not tell what was chosen.
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

function addressesOfSystem(): readonly InterfaceAddress[] {
  return Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
}
