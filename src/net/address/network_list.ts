/**
 * Many networks as one question.
 *
 * Each version of IP has a tree of bits: a network is a path from the root, and an address is in one of
 * them if following its own bits ends at the end of a path. So the cost of a question is the length of
 * a prefix, whether the list has three proxies or a hundred thousand banned networks. Each bit of a
 * prefix that no other network begins with takes eight bytes; a network within another takes no room.
 *
 * @module
 */

import { assert } from "../../base/assert.ts";
import type { IpAddress } from "./ip_address.ts";
import type { Network } from "./network.ts";

/** A set of addresses, made of networks once and asked often. */
export interface NetworkList {
  /** Whether one of the networks contains the address. */
  contains(address: IpAddress): boolean;
}

/**
 * Prepares a list of networks to be asked.
 *
 * @example
 * ```ts
 * import { parseIpAddress } from "./ip_address.ts";
 * import { parseNetwork } from "./network.ts";
 * import { networkList } from "./network_list.ts";
 * import { equal } from "node:assert/strict";
 *
 * const networks = ["127.0.0.0/8", "::1"].map(parseNetwork);
 * const local = networkList(networks.filter((network) => network.type === "network"));
 * const address = parseIpAddress("::ffff:127.0.0.1");
 * equal(address && local.contains(address), true);
 * ```
 */
export function networkList(networks: Iterable<Network>): NetworkList {
  const trees: Readonly<Record<IpAddress["version"], BitTree>> = { 4: [0, 0], 6: [0, 0] };
  for (const { address, bits } of networks) add(trees[address.version], address.bytes, bits);
  const sealed = { 4: Int32Array.from(trees[4]), 6: Int32Array.from(trees[6]) };
  return { contains: ({ version, bytes }) => contains(sealed[version], bytes) };
}

/**
 * A branch is two entries, one for either bit, and its name is the place of the first. An entry is the
 * name of the branch that follows, {@link nothing} or {@link everything}. The root is the branch 0,
 * which follows none.
 */
type BitTree = number[];

/** No network goes on here. */
const nothing = 0;
/** A network ends here: whatever the further bits are, the address is in it. */
const everything = -1;

function add(tree: BitTree, bytes: Uint8Array, bits: number): void {
  assert(bits >= 0 && bits <= bytes.length * 8, "a prefix is not longer than its address");
  if (bits === 0) {
    tree.fill(everything, 0, 2);
    return;
  }
  let branch = 0;
  for (let at = 0; at < bits - 1; at++) {
    const entry = branch + bitAt(bytes, at);
    if (tree[entry] === everything) return;
    if (tree[entry] === nothing) tree[entry] = tree.push(nothing, nothing) - 2;
    branch = tree[entry]!;
  }
  tree[branch + bitAt(bytes, bits - 1)] = everything;
}

function contains(tree: Int32Array, bytes: Uint8Array): boolean {
  let branch = 0;
  // No path is longer than an address, so that it ends before the bits do.
  for (let at = 0;; at++) {
    const entry = tree[branch + bitAt(bytes, at)]!;
    if (entry <= nothing) return entry === everything;
    branch = entry;
  }
}

function bitAt(bytes: Uint8Array, at: number): number {
  return (bytes[at >> 3]! >> (7 - (at & 7))) & 1;
}
