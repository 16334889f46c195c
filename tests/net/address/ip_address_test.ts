import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { BrokenInvariant } from "../../../src/base/assert.ts";
import {
  formatIpAddress,
  type IpAddress,
  ipAddress,
  parseIpAddress,
  prefixKey,
  truncateAddress,
} from "../../../src/net/address/ip_address.ts";

function parsed(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

function canonical(text: string): string {
  return formatIpAddress(parsed(text));
}

/** Bytes in which zeros are frequent, as in addresses that people give. */
const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
const ipv4 = fc.array(byte, { minLength: 4, maxLength: 4 }).map(ipAddress);
const ipv6 = fc.array(byte, { minLength: 16, maxLength: 16 })
  .map((bytes) => ipAddress([0x20, ...bytes.slice(1)]));
const anyAddress = fc.oneof(ipv4, ipv6);

/** Text of the right characters, of which much is almost an address. */
const almostAddress = fc.oneof(
  fc.array(fc.constantFrom(..."0127.", "192", "255", "256"), { maxLength: 8 }),
  fc.array(fc.constantFrom("0", "1", "ffff", "Db8", ":", ":", "::", "1.2.3.4", "g"), {
    maxLength: 17,
  }),
).map((pieces) => pieces.join(""));

Deno.test("RFC 6943 §3.1.1: four decimal numbers are an IPv4 address", () => {
  for (const text of ["0.0.0.0", "127.0.0.1", "192.0.2.1", "255.255.255.255"]) {
    const address = parsed(text);
    equal(address.version, 4);
    deepEqual([...address.bytes], text.split(".").map(Number));
    equal(formatIpAddress(address), text);
  }
});

Deno.test("RFC 6943 §3.1.1: the loose forms of IPv4 are no addresses", () => {
  const loose = ["127.1", "127.0.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1"];
  const wrong = ["1.2.3.4.5", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.256", "1.2.3.04"];
  const odd = [
    "",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.4\n",
    "1.2.3.-4",
    "1.2.3.+4",
    "1.2.3.4/32",
    "١.2.3.4",
  ];
  for (const text of [...loose, ...wrong, ...odd]) equal(parseIpAddress(text), undefined, text);
});

Deno.test("RFC 4291 §2.2: the standard's own addresses are read", () => {
  const spellings = [
    ["ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"],
    ["2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"],
    ["FF01:0:0:0:0:0:0:101", "ff01::101"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["FF01::101", "ff01::101"],
    ["::1", "::1"],
    ["::", "::"],
    ["0:0:0:0:0:0:13.1.68.3", "::d01:4403"],
    ["::13.1.68.3", "::d01:4403"],
    ["0:0:0:0:0:FFFF:129.144.52.38", "129.144.52.38"],
    ["::FFFF:129.144.52.38", "129.144.52.38"],
  ] as const;
  for (const [text, expected] of spellings) equal(canonical(text), expected, text);
});

Deno.test("RFC 4291 §2.2: '::' stands for one group or more, once", () => {
  equal(canonical("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0");
  equal(canonical("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8");
  const wrong = ["1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1::2::3", "::1::"];
  for (const text of wrong) equal(parseIpAddress(text), undefined, text);
});

Deno.test("RFC 4291 §2.2: what breaks the grammar is no address", () => {
  const colons = [":", ":::", "1:::2", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", ":1::", "::1:", "1:"];
  const groups = ["1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "::-1", "::+1", ":: 1"];
  const embedded = ["1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::1.2.3.04", "1:2:3:4:5:6:7:1.2.3.4"];
  const dressed = ["[::1]", "::1/128", "::1%", "fe80::1%eth0", "fe80::1%25eth0", "::1\n"];
  for (const text of [...colons, ...groups, ...embedded, ...dressed]) {
    equal(parseIpAddress(text), undefined, text);
  }
});

Deno.test("a text longer than any address is none, however long it is", () => {
  const longest = "0000:0000:0000:0000:0000:ffff:255.255.255.255";
  equal(canonical(longest), "255.255.255.255");
  equal(parseIpAddress(`0${longest}`), undefined);
  equal(parseIpAddress("1:".repeat(100_000)), undefined);
});

Deno.test("RFC 5952 §4: there is one spelling", () => {
  const spellings = [
    // §4.1: without leading zeros.
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:db8:aaaa:bbbb:cccc:dddd:eeee:0000", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:0"],
    // §4.2.1: shortened as much as possible.
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8::0:1", "2001:db8::1"],
    // §4.2.2: one group is not shortened.
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    // §4.2.3: the longest run, else the first.
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    // §4.3: in lower case.
    ["2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"],
  ] as const;
  for (const [text, expected] of spellings) equal(canonical(text), expected, text);
});

Deno.test("RFC 4291 §2.5.5.2: an IPv4-mapped address is the IPv4 address", () => {
  for (const text of ["::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:192.0.2.1"]) {
    deepEqual(parsed(text), parsed("192.0.2.1"), text);
  }
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
  deepEqual(ipAddress(mapped), ipAddress([192, 0, 2, 1]));
});

Deno.test("addresses that resemble mapped ones stay what they are", () => {
  for (const text of ["::fffe:c000:201", "::ff:c000:201", "1::ffff:c000:201", "::c000:201"]) {
    equal(parsed(text).version, 6);
    equal(canonical(text), text);
  }
});

Deno.test("an address that was written is read back the same", () => {
  fc.assert(fc.property(anyAddress, (address) => {
    deepEqual(parseIpAddress(formatIpAddress(address)), address);
  }));
});

Deno.test("the canonical spelling of a canonical spelling is itself", () => {
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
    const once = canonical(text);
    equal(canonical(once), once);
  }));
});

Deno.test("the runtime takes the same texts for addresses", () => {
  fc.assert(
    fc.property(almostAddress, (text) => {
      equal(parseIpAddress(text) !== undefined, isIPv4(text) || isIPv6(text), text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("URLs write IPv6 addresses the same", () => {
  fc.assert(fc.property(ipv6, (address) => {
    const text = formatIpAddress(address);
    equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
  }));
});

Deno.test("no text makes reading throw", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    equal(parseIpAddress(`${text}:g`), undefined);
  }));
});

Deno.test("an address keeps bytes of its own", () => {
  const bytes = new Uint8Array([192, 0, 2, 1]);
  const address = ipAddress(bytes);
  bytes.fill(0);
  equal(formatIpAddress(address), "192.0.2.1");
});

Deno.test("other numbers of bytes are a mistake of the caller", () => {
  for (const length of [0, 3, 5, 15, 17]) {
    throws(() => ipAddress(new Uint8Array(length)), BrokenInvariant);
  }
});

/** The bits of an address as text, to say simply what a prefix is. */
function bitsOf({ bytes }: IpAddress): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

Deno.test("truncating keeps the first bits and clears the others", () => {
  fc.assert(fc.property(anyAddress, fc.nat(128), (address, any) => {
    const width = address.bytes.length * 8;
    const bits = any % (width + 1);
    const expected = bitsOf(address).slice(0, bits).padEnd(width, "0");
    equal(bitsOf(truncateAddress(address, bits)), expected);
  }));
});

Deno.test("a prefix beyond the address is a mistake of the caller", () => {
  throws(() => truncateAddress(parsed("192.0.2.1"), 33), BrokenInvariant);
  throws(() => truncateAddress(parsed("192.0.2.1"), -1), BrokenInvariant);
});

Deno.test("clients are counted by the bits that are theirs", () => {
  const prefix = { ipv4Bits: 24, ipv6Bits: 56 };
  equal(prefixKey(parsed("192.0.2.200"), prefix), "192.0.2.0/24");
  equal(prefixKey(parsed("::ffff:192.0.2.1"), prefix), "192.0.2.0/24");
  equal(prefixKey(parsed("2001:db8:0:12ff::1"), prefix), "2001:db8:0:1200::/56");
  notEqual(prefixKey(parsed("::"), prefix), prefixKey(parsed("0.0.0.0"), prefix));
});
