import { equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { BrokenInvariant } from "../../../src/base/assert.ts";
import { type IpAddress, ipAddress, truncateAddress } from "../../../src/net/address/ip_address.ts";
import { type Network, networkContains, parseNetwork } from "../../../src/net/address/network.ts";
import { type NetworkList, networkList } from "../../../src/net/address/network_list.ts";

/** Few values, so that networks meet and nest, and in the first bytes as well as in the last. */
const byte = fc.constantFrom(0x00, 0x01, 0x80, 0xff);
const address = fc.oneof(
  fc.array(byte, { minLength: 4, maxLength: 4 }),
  fc.array(byte, { minLength: 16, maxLength: 16 }),
).map(ipAddress);
const network: fc.Arbitrary<Network> = fc.tuple(address, fc.nat(128)).map(([address, any]) => {
  const bits = any % (address.bytes.length * 8 + 1);
  return { type: "network", address: truncateAddress(address, bits), bits };
});

function listOf(...texts: readonly string[]): NetworkList {
  return networkList(texts.map(parseNetwork).filter((network) => network.type === "network"));
}

const host = (...bytes: readonly number[]): IpAddress => ipAddress(bytes);

Deno.test("a list contains what one of its networks contains", () => {
  fc.assert(
    fc.property(fc.array(network), fc.array(address), (networks, asked) => {
      const list = networkList(networks);
      // The networks' own addresses too: a random address is in few of them.
      for (const one of [...asked, ...networks.map(({ address }) => address)]) {
        equal(list.contains(one), networks.some((network) => networkContains(network, one)));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("an empty list contains nothing", () => {
  equal(networkList([]).contains(host(127, 0, 0, 1)), false);
  equal(networkList([]).contains(host(...new Array<number>(16).fill(0))), false);
});

Deno.test("a network of all addresses is all of its version", () => {
  const list = listOf("10.0.0.0/8", "0.0.0.0/0", "192.0.2.1");
  equal(list.contains(host(0, 0, 0, 0)), true);
  equal(list.contains(host(255, 255, 255, 255)), true);
  equal(list.contains(host(...new Array<number>(16).fill(0xff))), false);
});

Deno.test("the wider of two networks holds, whichever comes first", () => {
  for (const order of [["10.0.0.0/8", "10.1.0.0/16"], ["10.1.0.0/16", "10.0.0.0/8"]]) {
    const list = listOf(...order);
    equal(list.contains(host(10, 1, 0, 0)), true);
    equal(list.contains(host(10, 255, 255, 255)), true);
    equal(list.contains(host(11, 0, 0, 0)), false);
  }
});

Deno.test("a list is made once: what its source becomes later changes nothing", () => {
  const networks = [parseNetwork("10.0.0.0/8")].filter((network) => network.type === "network");
  const list = networkList(networks);
  networks.length = 0;
  equal(list.contains(host(10, 0, 0, 1)), true);
});

Deno.test("a prefix beyond the address is a mistake of the caller", () => {
  const wrong: Network = { type: "network", address: host(10, 0, 0, 0), bits: 33 };
  throws(() => networkList([wrong]), BrokenInvariant);
});
