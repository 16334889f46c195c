import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { BrokenInvariant } from "../../../src/base/assert.ts";
import { concat, utf8 } from "../../../src/base/bytes.ts";
import { formatIpAddress } from "../../../src/net/address/ip_address.ts";
import {
  decodeProxyHeader,
  defaultProxyLimits,
  type FoundProxyHeader,
  minProxyHeaderBytes,
  type ProxyEndpoint,
  type ProxyFault,
  proxyFaults,
  type ProxyHeader,
  ProxyHeaderReader,
} from "../../../src/net/address/proxy_protocol.ts";
import { type RawProxyHeader, rawProxyHeader } from "../../kit/raw_proxy_header.ts";

const limits = defaultProxyLimits;
const longestIpv6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

function decodeText(text: string): ProxyHeader | ProxyFault | undefined {
  return decodeProxyHeader(utf8(text), limits);
}

function decodeRaw(header: RawProxyHeader): ProxyHeader | ProxyFault | undefined {
  return decodeProxyHeader(rawProxyHeader(header), limits);
}

/** A header as one line: `tcp 192.0.2.1 1 > 192.0.2.2 2`, or the type of its origin, or the fault's name. */
function told(header: ProxyHeader | ProxyFault | undefined): string | undefined {
  if (header?.type !== "header") return header?.name;
  const { origin } = header;
  if (origin.type !== "tcp") return origin.type;
  const end = ({ address, port }: ProxyEndpoint) => `${formatIpAddress(address)} ${port}`;
  return `tcp ${end(origin.source)} > ${end(origin.destination)}`;
}

/** What a reader that is fed these pieces answers in the end. */
function feedAll(pieces: readonly Uint8Array[]): FoundProxyHeader | ProxyFault | undefined {
  const reader = new ProxyHeaderReader(limits);
  for (const piece of pieces) {
    const found = reader.feed(piece);
    if (found !== undefined) return found;
  }
  return undefined;
}

const ipv4Block = [192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 0x01, 0xbb];
const ipv6Block = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  ...[0x12, 0x67, 0x01, 0xbb],
];
const extension = [0x04, 0x00, 0x02, 0xaa, 0xbb];

/** Each kind of header that holds, and how it is told. */
const goodHeaders: readonly (readonly [Uint8Array, string])[] = [
  [
    utf8("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
    "tcp 192.168.0.1 56324 > 192.168.0.11 443",
  ],
  [
    utf8("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
    "tcp 255.255.255.255 65535 > 255.255.255.255 65535",
  ],
  [utf8("PROXY TCP6 2001:DB8::1 ::1 0 1\r\n"), "tcp 2001:db8::1 0 > ::1 1"],
  [
    utf8(`PROXY TCP6 ${longestIpv6} ${longestIpv6} 65535 65535\r\n`),
    `tcp ${longestIpv6} 65535 > ${longestIpv6} 65535`,
  ],
  [utf8("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"), "tcp 192.0.2.1 1 > 192.0.2.2 2"],
  [utf8("PROXY UNKNOWN\r\n"), "unknown"],
  [utf8(`PROXY UNKNOWN ${longestIpv6} ${longestIpv6} 65535 65535\r\n`), "unknown"],
  [rawProxyHeader({ block: ipv4Block }), "tcp 192.0.2.1 4711 > 198.51.100.1 443"],
  [rawProxyHeader({ family: 0x21, block: ipv6Block }), "tcp 2001:db8::1 4711 > 2001:db8::2 443"],
  [
    rawProxyHeader({ block: [...ipv4Block, ...extension] }),
    "tcp 192.0.2.1 4711 > 198.51.100.1 443",
  ],
  [rawProxyHeader({ family: 0x31, block: new Array(216).fill(0x61) }), "unix"],
  [rawProxyHeader({ command: 0, family: 0, block: [] }), "local"],
  [rawProxyHeader({ family: 0, block: extension }), "unknown"],
];

Deno.test("PROXY protocol §2: each kind of header says on whose behalf the proxy connects", () => {
  for (const [bytes, expected] of goodHeaders) {
    const header = decodeProxyHeader(bytes, limits);
    equal(told(header), expected);
    equal(header?.type === "header" && header.headerBytes, bytes.length, expected);
  }
});

Deno.test("PROXY protocol §2.1: a line tells version 1, the signature version 2", () => {
  for (const [bytes] of goodHeaders) {
    const header = decodeProxyHeader(bytes, limits);
    equal(header?.type === "header" && header.version, bytes[0] === 0x50 ? 1 : 2);
  }
});

Deno.test("PROXY protocol §2.1: what follows the header is not looked at", () => {
  for (const [bytes, expected] of goodHeaders) {
    for (const rest of ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 ", "\r\n", "x".repeat(70_000)]) {
      const found = feedAll([concat([bytes, utf8(rest)])]);
      equal(told(found), expected);
      equal(found?.type === "header" && found.consumedBytes, bytes.length);
    }
  }
});

Deno.test("PROXY protocol §2: a header cut in two anywhere is the same header", () => {
  for (const [bytes] of goodHeaders) {
    const stream = concat([bytes, utf8("GET /")]);
    const whole = decodeProxyHeader(bytes, limits);
    for (let at = 0; at <= stream.length; at++) {
      const found = feedAll([stream.subarray(0, at), stream.subarray(at)]);
      if (found?.type !== "header") throw new Error(`cut at ${at}: ${found?.name}`);
      const { consumedBytes, ...header } = found;
      deepEqual(header, whole);
      equal(consumedBytes, at >= bytes.length ? bytes.length : bytes.length - at);
    }
  }
});

Deno.test("PROXY protocol §2: a header that comes byte by byte is the same header", () => {
  for (const [bytes, expected] of goodHeaders) {
    const found = feedAll([...bytes].map((byte) => Uint8Array.of(byte)));
    equal(told(found), expected);
    equal(found?.type === "header" && found.consumedBytes, 1);
  }
});

Deno.test("PROXY protocol §2: nothing is told before the header is complete", () => {
  for (const [bytes] of goodHeaders) {
    for (let have = 0; have < bytes.length; have++) {
      equal(decodeProxyHeader(bytes.subarray(0, have), limits), undefined);
    }
  }
});

Deno.test("PROXY protocol §2.2: other protocols are refused by their first byte that differs", () => {
  const others = [
    "GET / HTTP/1.1\r\n",
    "\x16\x03\x01",
    "proxy TCP4",
    "PROXYTCP4",
    " PROXY ",
    "\r\n\r\n\r\n",
  ];
  for (const text of others) equal(decodeText(text), proxyFaults.notProxyProtocol, text);
  equal(decodeText("G"), proxyFaults.notProxyProtocol);
  equal(decodeText("PROXY\t"), proxyFaults.notProxyProtocol);
  equal(decodeText("\r\n\r\n\0\r\nQUIT\r"), proxyFaults.notProxyProtocol);
});

Deno.test("PROXY protocol §2.1: a line without an end in 107 bytes is refused then", () => {
  const line = "PROXY UNKNOWN ".padEnd(105, "x");
  equal(told(decodeText(`${line}\r\n`)), "unknown");
  equal(decodeText(`${line}x`), undefined);
  equal(decodeText(`${line}x\r`), proxyFaults.lineTooLong);
  equal(decodeText(`${line}x\r\n`), proxyFaults.lineTooLong);
  equal(decodeText(line.padEnd(107, "x")), proxyFaults.lineTooLong);
});

Deno.test("PROXY protocol §2.1: a single CR or LF does not end the line", () => {
  equal(decodeText("PROXY UNKNOWN\n"), undefined);
  equal(decodeText("PROXY UNKNOWN\r"), undefined);
  const address = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2";
  for (const end of ["\n", "\r"]) {
    equal(decodeText(`${address}${end}\r\n`), proxyFaults.malformedPort);
    equal(decodeText(`PROXY UNKNOWN${end}\r\n`), proxyFaults.malformedLine);
  }
});

Deno.test("PROXY protocol §2.1: what is unknown may be followed by anything", () => {
  for (const rest of ["", " ", " x", " \n\r", " TCP4 1.2.3.4", " é"]) {
    equal(told(decodeText(`PROXY UNKNOWN${rest}\r\n`)), "unknown", rest);
  }
});

Deno.test("PROXY protocol §2.1: six words with exactly one space between them", () => {
  const wrong = [
    "PROXY \r\n",
    "PROXY TCP4\r\n",
    "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY UNKNOWNS\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
    "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
    "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
    "PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n",
  ];
  for (const line of wrong) equal(decodeText(line), proxyFaults.malformedLine, line);
});

Deno.test("PROXY protocol §2.1: addresses are strict and of the announced family", () => {
  const wrong = [
    "TCP4 192.0.2.01 192.0.2.2",
    "TCP4 192.0.2.256 192.0.2.2",
    "TCP4 192.0.2 192.0.2.2",
    "TCP4 0xc0000201 192.0.2.2",
    "TCP4 192.0.2.1 unknown",
    "TCP4 ::1 ::1",
    "TCP4 ::ffff:192.0.2.1 192.0.2.2",
    "TCP6 192.0.2.1 192.0.2.2",
    "TCP6 ::1 192.0.2.2",
    "TCP6 [::1] ::1",
    "TCP6 fe80::1%eth0 ::1",
  ];
  for (const words of wrong) {
    equal(decodeText(`PROXY ${words} 1 2\r\n`), proxyFaults.malformedAddress, words);
  }
});

Deno.test("PROXY protocol §2.1: ports are decimal, from 0 to 65535, without leading zeros", () => {
  for (const port of ["65536", "00", "01", "-1", "+1", "1.0", "0x1", "99999999999999999999"]) {
    const asSource = `PROXY TCP4 192.0.2.1 192.0.2.2 ${port} 2\r\n`;
    const asDestination = `PROXY TCP4 192.0.2.1 192.0.2.2 1 ${port}\r\n`;
    equal(decodeText(asSource), proxyFaults.malformedPort, port);
    equal(decodeText(asDestination), proxyFaults.malformedPort, port);
  }
});

Deno.test("PROXY protocol §2.2: the version must be 2, the command LOCAL or PROXY", () => {
  for (let nibble = 0; nibble < 16; nibble++) {
    const version = told(decodeRaw({ version: nibble, block: ipv4Block }));
    equal(version?.startsWith("tcp"), nibble === 2, `version ${nibble}`);
    equal(nibble === 2 || version === proxyFaults.unknownVersion.name, true);
    const command = told(decodeRaw({ command: nibble, block: ipv4Block }));
    const expected = ["local", "tcp 192.0.2.1 4711 > 198.51.100.1 443"][nibble];
    equal(command, expected ?? proxyFaults.unknownCommand.name);
  }
});

Deno.test("PROXY protocol §2.2: each byte of family and transport has one meaning or none", () => {
  const block = new Array(216).fill(0);
  for (let family = 0; family < 256; family++) {
    const meaning = told(decodeRaw({ family, block }));
    if (family === 0x11) equal(meaning, "tcp 0.0.0.0 0 > 0.0.0.0 0");
    else if (family === 0x21) equal(meaning, "tcp :: 0 > :: 0");
    else if (family === 0x31) equal(meaning, "unix");
    // Valid, but not for a server of streams: datagrams, and what is half unspecified.
    else if (family >> 4 <= 3 && (family & 0x0f) <= 2) equal(meaning, "unknown");
    else equal(meaning, proxyFaults.unknownFamily.name);
  }
});

Deno.test("PROXY protocol §2.2: LOCAL skips its block, whatever the family is", () => {
  for (const family of [0x00, 0x11, 0x21, 0xff]) {
    for (const block of [[], [1], ipv6Block]) {
      const header = decodeRaw({ command: 0, family, block });
      equal(told(header), "local");
      equal(header?.type === "header" && header.headerBytes, 16 + block.length);
    }
  }
});

Deno.test("PROXY protocol §2.2: a block too short for its addresses is refused", () => {
  for (const [family, bytes] of [[0x11, 12], [0x21, 36], [0x31, 216]] as const) {
    const block = new Array(bytes).fill(0);
    equal(decodeRaw({ family, block })?.type, "header");
    equal(decodeRaw({ family, block: block.slice(1) }), proxyFaults.shortAddresses);
    equal(decodeRaw({ family, block: [] }), proxyFaults.shortAddresses);
  }
});

Deno.test("PROXY protocol §2.2: extensions are skipped by the length of the header", () => {
  // The last one announces more than there is. Nobody reads it.
  for (const extensions of [extension, [...extension, ...extension], [0x20, 0xff, 0xff], [0]]) {
    const header = decodeRaw({ block: [...ipv4Block, ...extensions] });
    equal(told(header), "tcp 192.0.2.1 4711 > 198.51.100.1 443");
    equal(header?.type === "header" && header.headerBytes, 28 + extensions.length);
  }
});

Deno.test("a header of version 2 is refused for its length before it has arrived", () => {
  const longest = rawProxyHeader({ block: ipv4Block, announced: limits.maxHeaderBytes - 16 });
  equal(decodeProxyHeader(longest, limits), undefined);
  const longer = rawProxyHeader({ block: [], announced: limits.maxHeaderBytes - 15 });
  equal(decodeProxyHeader(longer, limits), proxyFaults.headerTooLong);
  equal(decodeRaw({ command: 0, block: [], announced: 0xffff }), proxyFaults.headerTooLong);
});

Deno.test("the longest header that is allowed passes in one read and in many", () => {
  const block = new Array(limits.maxHeaderBytes - 16).fill(7);
  const bytes = rawProxyHeader({ block });
  equal(told(feedAll([bytes])), "tcp 7.7.7.7 1799 > 7.7.7.7 1799");
  equal(told(feedAll([...bytes].map((byte) => Uint8Array.of(byte)))), told(feedAll([bytes])));
});

Deno.test("the lowest limit lets each header without extensions pass", () => {
  const lowest = { maxHeaderBytes: minProxyHeaderBytes };
  for (const [bytes, expected] of goodHeaders) {
    equal(told(new ProxyHeaderReader(lowest).feed(bytes)), expected);
  }
  throws(() => new ProxyHeaderReader({ maxHeaderBytes: 231 }), BrokenInvariant);
});

Deno.test("a reader keeps a copy of what it was fed", () => {
  const reader = new ProxyHeaderReader(limits);
  const first = rawProxyHeader({ block: ipv4Block }).subarray(0, 20);
  equal(reader.feed(first), undefined);
  first.fill(0xff);
  const rest = Uint8Array.from(ipv4Block.slice(4));
  equal(told(reader.feed(rest)), "tcp 192.0.2.1 4711 > 198.51.100.1 443");
});

Deno.test("a header's addresses outlive the read that brought them", () => {
  const bytes = rawProxyHeader({ block: ipv4Block });
  const found = feedAll([bytes]);
  bytes.fill(0);
  equal(told(found), "tcp 192.0.2.1 4711 > 198.51.100.1 443");
});

Deno.test("to feed a reader that has answered is a mistake of the caller", () => {
  const reader = new ProxyHeaderReader(limits);
  reader.feed(utf8("PROXY UNKNOWN\r\n"));
  throws(() => reader.feed(utf8("GET")), BrokenInvariant);
  const faulty = new ProxyHeaderReader(limits);
  faulty.feed(utf8("GET"));
  throws(() => faulty.feed(utf8("PROXY")), BrokenInvariant);
});

Deno.test("faults have stable names, each its own", () => {
  const names = Object.values(proxyFaults).map(({ name }) => name);
  equal(new Set(names).size, names.length);
  for (const name of names) equal(/^[a-z]+(-[a-z]+)*$/.test(name), true, name);
});

/** A good header in which some bytes are others, followed by anything. */
const mutated = fc
  .record({
    header: fc.constantFrom(...goodHeaders.map(([bytes]) => bytes)),
    changes: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(10, 13, 32, 48))), {
      maxLength: 3,
    }),
    rest: fc.uint8Array({ maxLength: 300 }),
  })
  .map(({ header, changes, rest }) => {
    const bytes = header.slice();
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return concat([bytes, rest]);
  });

Deno.test("no bytes make reading throw, and no way of cutting them changes the answer", () => {
  const bytes = fc.oneof({ weight: 4, arbitrary: mutated }, fc.uint8Array());
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 4 }), (bytes, cuts) => {
      const whole = feedAll([bytes]);
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
      places.sort((a, b) => a - b);
      const pieces = places.slice(1).map((end, at) => bytes.subarray(places[at], end));
      const found = feedAll(pieces);
      equal(told(found), told(whole));
      if (found?.type !== "header" || whole?.type !== "header") return;
      equal(found.headerBytes, whole.headerBytes);
      equal(found.headerBytes <= limits.maxHeaderBytes, true);
    }),
    { numRuns: 2000 },
  );
});
