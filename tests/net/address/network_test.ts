import { deepEqual, equal, match, throws } from "node:assert/strict";
import fc from "fast-check";
import { BrokenInvariant } from "../../../src/base/assert.ts";
import {
  formatIpAddress,
  type IpAddress,
  ipAddress,
  parseIpAddress,
  truncateAddress,
} from "../../../src/net/address/ip_address.ts";
import {
  formatNetwork,
  type Network,
  type NetworkFault,
  type NetworkList,
  networkList,
  parseNetwork,
} from "../../../src/net/address/network.ts";

function parsed(text: string): Network {
  const network = parseNetwork(text);
  if (network.type === "fault") throw new Error(network.sentence);
  return network;
}

function refused(text: string): NetworkFault {
  const fault = parseNetwork(text);
  if (fault.type !== "fault") throw new Error(`${text} is a network`);
  return fault;
}

function contains(network: string, address: string): boolean {
  const asked = parseIpAddress(address);
  if (asked === undefined) throw new Error(`${address} is no address`);
  return networkList([parsed(network)]).contains(asked);
}

const byte = fc.integer({ min: 0, max: 255 });
const address = fc.oneof(
  fc.array(byte, { minLength: 4, maxLength: 4 }),
  fc.array(byte, { minLength: 16, maxLength: 16 }),
).map(ipAddress);

/** An address and a network around it. */
const member: fc.Arbitrary<{ readonly address: IpAddress; readonly network: Network }> = fc
  .tuple(address, fc.nat(128))
  .map(([address, any]) => {
    const bits = any % (address.bytes.length * 8 + 1);
    const network = { type: "network", address: truncateAddress(address, bits), bits } as const;
    return { address, network };
  });

Deno.test("RFC 4632 §3.1: a network is an address, a slash and a number of bits", () => {
  for (const text of ["10.0.0.0/8", "192.0.2.128/25", "0.0.0.0/0", "2001:db8::/32", "::/0"]) {
    equal(formatNetwork(parsed(text)), text);
  }
});

Deno.test("an address alone is a network of one", () => {
  equal(formatNetwork(parsed("192.0.2.1")), "192.0.2.1/32");
  equal(formatNetwork(parsed("::1")), "::1/128");
  equal(formatNetwork(parsed("::ffff:192.0.2.1")), "192.0.2.1/32");
});

Deno.test("a network of mapped addresses is one of IPv4", () => {
  equal(formatNetwork(parsed("::ffff:10.0.0.0/104")), "10.0.0.0/8");
  equal(formatNetwork(parsed("::ffff:0:0/96")), "0.0.0.0/0");
  equal(refused("::ffff:0:0/95").name, "host-bits");
  equal(refused("::ffff:10.0.0.0/8").name, "host-bits");
});

Deno.test("bits beyond the prefix are refused, with what may have been meant", () => {
  for (const [text, meant] of [["10.0.0.1/8", "10.0.0.0/8"], ["2001:db8::1/64", "2001:db8::/64"]]) {
    const fault = refused(text!);
    equal(fault.name, "host-bits");
    equal(fault.sentence.includes(meant!), true, fault.sentence);
  }
  equal(refused("0.0.0.1/31").name, "host-bits");
  equal(refused("128.0.0.0/0").name, "host-bits");
});

Deno.test("what has no address or no length says so", () => {
  for (const text of ["", "/", "/8", "example.com", "10/8", "10.0.0/8", "fe80::%eth0/64", " ::1"]) {
    equal(refused(text).name, "malformed-address", text);
  }
  const lengths = ["", "33", "-1", "08", "8 ", "8/8", "1e1", "255.0.0.0"];
  for (const length of lengths) {
    equal(refused(`10.0.0.0/${length}`).name, "malformed-prefix", length);
  }
  match(refused("10.0.0.0/33").sentence, /10\.0\.0\.0\/33 .* 0 to 32$/);
  equal(refused("::/129").name, "malformed-prefix");
});

Deno.test("a network contains its first and last address and nothing beside them", () => {
  for (const inside of ["192.0.2.128", "192.0.2.255", "::ffff:192.0.2.200"]) {
    equal(contains("192.0.2.128/25", inside), true, inside);
  }
  for (const outside of ["192.0.2.127", "192.0.3.0", "::c000:280"]) {
    equal(contains("192.0.2.128/25", outside), false, outside);
  }
  equal(contains("2001:db8::/33", "2001:db8:7fff:ffff::"), true);
  equal(contains("2001:db8::/33", "2001:db8:8000::"), false);
});

Deno.test("all of one version is nothing of the other", () => {
  equal(contains("::/0", "192.0.2.1"), false);
  equal(contains("0.0.0.0/0", "::"), false);
  equal(contains("::/0", "ffff::"), true);
  equal(contains("0.0.0.0/0", "255.255.255.255"), true);
});

Deno.test("a network that was written is read back the same", () => {
  fc.assert(fc.property(member, ({ network }) => {
    deepEqual(parseNetwork(formatNetwork(network)), network);
  }));
});

Deno.test("a network contains what it was made around", () => {
  fc.assert(fc.property(member, ({ address, network }) => {
    equal(networkList([network]).contains(address), true);
  }));
});

Deno.test("no text makes reading throw", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    equal(parseNetwork(`10.0.0.0/${text}x`).type, "fault");
    equal(parseNetwork(`x${text}`).type, "fault");
  }));
});

/** Few values, so that networks meet and nest, and in the first bytes as well as in the last. */
const fewBytes = fc.constantFrom(0x00, 0x01, 0x80, 0xff);
const nearAddress = fc.oneof(
  fc.array(fewBytes, { minLength: 4, maxLength: 4 }),
  fc.array(fewBytes, { minLength: 16, maxLength: 16 }),
).map(ipAddress);
const nearNetwork: fc.Arbitrary<Network> = fc.tuple(nearAddress, fc.nat(128)).map(
  ([address, any]) => {
    const bits = any % (address.bytes.length * 8 + 1);
    return { type: "network", address: truncateAddress(address, bits), bits };
  },
);

function listOf(...texts: readonly string[]): NetworkList {
  return networkList(texts.map(parseNetwork).filter((network) => network.type === "network"));
}

const host = (...bytes: readonly number[]): IpAddress => ipAddress(bytes);

function isIn({ address: first, bits }: Network, address: IpAddress): boolean {
  return first.version === address.version &&
    formatIpAddress(truncateAddress(address, bits)) === formatIpAddress(first);
}

Deno.test("a list contains what one of its networks contains", () => {
  fc.assert(
    fc.property(fc.array(nearNetwork), fc.array(nearAddress), (networks, asked) => {
      const list = networkList(networks);
      // The networks' own addresses too: a random address is in few of them.
      for (const one of [...asked, ...networks.map(({ address }) => address)]) {
        equal(list.contains(one), networks.some((network) => isIn(network, one)));
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
