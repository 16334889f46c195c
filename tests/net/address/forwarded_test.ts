import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import {
  type Client,
  forwardedClient,
  type ForwardedTrust,
} from "../../../src/net/address/forwarded.ts";
import { parseIpAddress } from "../../../src/net/address/ip_address.ts";
import { networkList, parseNetwork } from "../../../src/net/address/network.ts";

const proxies = networkList(
  ["127.0.0.0/8", "::1", "10.0.0.0/8", "2001:db8:ffff::/48"]
    .map(parseNetwork)
    .filter((network) => network.type === "network"),
);
const byStandard: ForwardedTrust = { header: "forwarded", proxies, unixIsProxy: false };
const byCustom: ForwardedTrust = { header: "x-forwarded", proxies, unixIsProxy: false };

const proxy: Client = { address: "127.0.0.1", secure: false };

/** The client's address when a proxy on this machine sends `Forwarded` lines. */
function forwarded(...lines: readonly string[]): string {
  return forwardedClient(proxy, headersOf("Forwarded", lines), byStandard).address;
}

/** The client's address when a proxy on this machine sends `X-Forwarded-For` lines. */
function xForwarded(...lines: readonly string[]): string {
  return forwardedClient(proxy, headersOf("X-Forwarded-For", lines), byCustom).address;
}

function headersOf(name: string, lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) headers.append(name, line);
  return headers;
}

function xClient(addresses: string, protocols: string, peer = proxy): Client {
  const headers = new Headers({ "X-Forwarded-For": addresses, "X-Forwarded-Proto": protocols });
  return forwardedClient(peer, headers, byCustom);
}

Deno.test("RFC 7239 §8.1: a peer that is no proxy is the client, whatever its headers say", () => {
  const headers = new Headers({
    "Forwarded": "for=192.0.2.1;proto=https",
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Proto": "https",
  });
  for (const address of ["198.51.100.7", "2001:db8::7", "unix", "128.0.0.1", "", "nonsense"]) {
    const peer = { address, secure: false };
    equal(forwardedClient(peer, headers, byStandard), peer);
    equal(forwardedClient(peer, headers, byCustom), peer);
  }
});

Deno.test("the header that the operator did not name is not read", () => {
  const standard = new Headers({ "Forwarded": "for=192.0.2.1;proto=https" });
  deepEqual(forwardedClient(proxy, standard, byCustom), proxy);
  const custom = new Headers({ "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https" });
  deepEqual(forwardedClient(proxy, custom, byStandard), proxy);
});

Deno.test("a proxy that sends no header speaks for itself", () => {
  for (const secure of [false, true]) {
    const peer = { address: "127.0.0.1", secure };
    deepEqual(forwardedClient(peer, new Headers(), byStandard), peer);
    deepEqual(forwardedClient(peer, new Headers(), byCustom), peer);
  }
});

Deno.test("a peer on a Unix socket is a proxy if the operator says so", () => {
  const peer = { address: "unix", secure: false };
  const headers = headersOf("X-Forwarded-For", ["192.0.2.1, 198.51.100.1"]);
  equal(forwardedClient(peer, headers, byCustom).address, "unix");
  const trust = { ...byCustom, unixIsProxy: true };
  equal(forwardedClient(peer, headers, trust).address, "198.51.100.1");
  equal(forwardedClient(peer, new Headers(), trust).address, "unix");
});

Deno.test("a peer is recognised in each of its spellings", () => {
  const headers = headersOf("X-Forwarded-For", ["198.51.100.1"]);
  for (const address of ["127.0.0.1", "::ffff:127.0.0.1", "::1", "2001:DB8:FFFF::1"]) {
    equal(forwardedClient({ address, secure: false }, headers, byCustom).address, "198.51.100.1");
  }
});

Deno.test("the first address from the right that is no proxy is the client", () => {
  equal(xForwarded("198.51.100.1"), "198.51.100.1");
  equal(xForwarded("192.0.2.1, 198.51.100.1"), "198.51.100.1");
  equal(xForwarded("192.0.2.1, 198.51.100.1, 10.1.1.1"), "198.51.100.1");
  equal(xForwarded("192.0.2.1,198.51.100.1,10.1.1.1,2001:db8:ffff::1"), "198.51.100.1");
  equal(forwarded("for=192.0.2.1, for=198.51.100.1"), "198.51.100.1");
  equal(forwarded('for=198.51.100.1, for=10.1.1.1,for="[2001:db8:ffff::1]"'), "198.51.100.1");
});

Deno.test("where all are proxies, the first of them is the client", () => {
  equal(xForwarded("10.0.0.2, 10.0.0.1"), "10.0.0.2");
  equal(forwarded("for=10.0.0.2, for=10.0.0.1"), "10.0.0.2");
});

Deno.test("what a client wrote on the left changes nothing", () => {
  const forged = [
    "127.0.0.1",
    "10.0.0.1, 10.0.0.2",
    "for=10.0.0.1",
    '"',
    '"\\',
    ",,,",
    "\\",
    'x="y',
  ];
  for (const left of forged) {
    equal(xForwarded(`${left}, 198.51.100.1`), "198.51.100.1", left);
    equal(xForwarded(left, "198.51.100.1, 10.0.0.1"), "198.51.100.1", left);
    equal(forwarded(`${left}, for=198.51.100.1`), "198.51.100.1", left);
    equal(
      forwarded(left, 'for="198.51.100.1:80";by="a,b;c\\"", for=10.0.0.1'),
      "198.51.100.1",
      left,
    );
  }
});

Deno.test("RFC 7239 §7.1: several lines are one list in their order", () => {
  equal(xForwarded("192.0.2.1", "198.51.100.1", "10.0.0.1"), "198.51.100.1");
  equal(forwarded("for=192.0.2.1", "for=198.51.100.1, for=10.0.0.1"), "198.51.100.1");
});

Deno.test("RFC 7239 §4: the standard's own values are read", () => {
  equal(forwarded('For="[2001:db8:cafe::17]:4711"'), "2001:db8:cafe::17");
  equal(forwarded("for=192.0.2.60;proto=http;by=203.0.113.43"), "192.0.2.60");
  equal(forwarded("for=192.0.2.43, for=198.51.100.17"), "198.51.100.17");
  equal(forwarded('for="_gazonk"'), "127.0.0.1");
  equal(forwarded('for=_hidden, for="_SEVKISEK"'), "127.0.0.1");
  equal(forwarded("for=unknown"), "127.0.0.1");
});

Deno.test("RFC 7239 §4: names in any case, pairs in any order, strings with escapes", () => {
  const same = [
    "FOR=192.0.2.1",
    'for="192.0.2.1"',
    'for="\\1\\9\\2.0.2.1"',
    'by="a;b,c";for=192.0.2.1',
    'by="a\\"";for=192.0.2.1',
    'by="a\\\\";for=192.0.2.1',
    "for=192.0.2.1;secret=!#$%&'*+-.^_`|~09AZaz",
    ";;for=192.0.2.1;",
    "by=x; for=192.0.2.1; proto=http",
    'for="192.0.2.1:0"',
    'for="192.0.2.1:65535"',
    'for="192.0.2.1:_port.1-x"',
  ];
  for (const element of same) equal(forwarded(element), "192.0.2.1", element);
});

Deno.test("RFC 7239 §4: an element that breaks the grammar says nothing", () => {
  const wrong = [
    "for",
    "for=",
    "=192.0.2.1",
    "for =192.0.2.1",
    "for= 192.0.2.1",
    "for=192.0.2.1 ;by=x",
    "for=192.0.2.1:80",
    "for=[2001:db8::1]",
    'for="192.0.2.1',
    'for=192.0.2.1"',
    'for="192.0.2.1"x',
    "for=192.0.2.1;for=192.0.2.1",
    "for=192.0.2.1;FOR=192.0.2.2",
    "for=192.0.2.1;by=a;by=b",
    "for=192.0.2.1;proto",
    "for=192.0.2.1 by=x",
    "192.0.2.1",
  ];
  for (const element of wrong) {
    equal(forwarded(`for=198.51.100.1, ${element}`), "127.0.0.1", element);
  }
});

Deno.test("RFC 7239 §6: a node is an address, IPv6 in brackets, and perhaps a port", () => {
  const wrong = [
    "2001:db8::1",
    "[192.0.2.1]",
    "[2001:db8::1",
    "[2001:db8::1]4711",
    "[2001:db8::1]:",
    "[2001:db8::1]:123456",
    "[fe80::1%eth0]",
    "192.0.2.1:",
    "192.0.2.1:http",
    "192.0.2.1:_",
    "192.0.2.01",
    "[]",
    "",
    "localhost",
  ];
  for (const node of wrong) equal(forwarded(`for="${node}"`), "127.0.0.1", node);
  equal(forwarded('for="[2001:db8::1]"'), "2001:db8::1");
  equal(forwarded('for="[::ffff:192.0.2.1]:_p"'), "192.0.2.1");
});

Deno.test("X-Forwarded-For takes addresses bare, in brackets and with a port", () => {
  const same = ["2001:db8::1", "2001:DB8:0::1", "[2001:db8::1]", "[2001:db8::1]:443"];
  for (const node of same) equal(xForwarded(node), "2001:db8::1", node);
  for (const node of ["192.0.2.1", " 192.0.2.1\t", "192.0.2.1:443", "::ffff:192.0.2.1"]) {
    equal(xForwarded(node), "192.0.2.1", node);
  }
});

Deno.test("an entry without an address ends the walk at the address before it", () => {
  for (
    const entry of ["unknown", "_hidden", "", "unix:", "192.0.2", "example.com", "fe80::1%eth0"]
  ) {
    equal(xForwarded(`198.51.100.1, ${entry}`), "127.0.0.1", entry);
    equal(xForwarded(`198.51.100.1, ${entry}, 10.0.0.1`), "10.0.0.1", entry);
  }
  equal(forwarded("for=198.51.100.1, proto=https"), "127.0.0.1");
  equal(forwarded("for=198.51.100.1, , for=10.0.0.1"), "10.0.0.1");
  equal(forwarded("for=198.51.100.1, for=unknown, for=10.0.0.1"), "10.0.0.1");
});

Deno.test("the walk ends after 32 proxies", () => {
  const chain = (length: number) => Array.from({ length }, (_, at) => `10.0.0.${length - at}`);
  equal(xForwarded("198.51.100.1", ...chain(31)), "198.51.100.1");
  equal(xForwarded("198.51.100.1", ...chain(32)), "10.0.0.32");
});

Deno.test("RFC 7239 §5.4: the client is as secure as the last proxy on the walk says", () => {
  const secure = (line: string, peer = proxy) =>
    forwardedClient(peer, headersOf("Forwarded", [line]), byStandard).secure;
  equal(secure("for=192.0.2.1;proto=https"), true);
  equal(secure("for=192.0.2.1;proto=HTTPS"), true);
  equal(secure("for=192.0.2.1;proto=http"), false);
  equal(secure("for=192.0.2.1;proto=http", { ...proxy, secure: true }), false);
  equal(secure("for=192.0.2.1;proto=https, for=10.0.0.1;proto=http"), true);
  equal(secure("for=192.0.2.1;proto=https, for=198.51.100.1;proto=http"), false);
  equal(secure("for=unknown;proto=https"), true);
});

Deno.test("RFC 7239 §5.4: a proxy that does not say leaves it as it was", () => {
  for (const was of [false, true]) {
    const peer = { ...proxy, secure: was };
    for (const line of ["for=192.0.2.1", "for=192.0.2.1;proto=gopher", "for=192.0.2.1;proto"]) {
      equal(forwardedClient(peer, headersOf("Forwarded", [line]), byStandard).secure, was, line);
    }
  }
  const nearer = headersOf("Forwarded", ["for=192.0.2.1, for=10.0.0.1;proto=https"]);
  equal(forwardedClient(proxy, nearer, byStandard).secure, true);
});

Deno.test("X-Forwarded-Proto goes with the addresses, from the right", () => {
  deepEqual(xClient("192.0.2.1", "https"), { address: "192.0.2.1", secure: true });
  equal(xClient("192.0.2.1", "wss").secure, true);
  equal(xClient("192.0.2.1", "ws", { ...proxy, secure: true }).secure, false);
  equal(xClient("192.0.2.1, 10.0.0.1", "https, http").secure, true);
  equal(xClient("192.0.2.1, 10.0.0.1", "https").secure, true);
  equal(xClient("192.0.2.9, 192.0.2.1", "https, http").secure, false);
  equal(xClient("192.0.2.1", "https, http").secure, false);
  equal(xClient("", "https").secure, true);
});

Deno.test("a client on the left is never reached through one that is no proxy", () => {
  const address = fc.oneof(fc.ipV4(), fc.constantFrom("10.0.0.1", "127.0.0.1", "::1", "unknown"));
  fc.assert(fc.property(fc.array(address), fc.array(address), fc.ipV4(), (left, right, client) => {
    const list = [...left, client, ...right].join(", ");
    const found = parseIpAddress(xForwarded(list));
    const asked = parseIpAddress(client)!;
    const believed = right.every((entry) => {
      const address = parseIpAddress(entry);
      return address !== undefined && proxies.contains(address);
    });
    if (believed && !proxies.contains(asked)) deepEqual(found, asked);
    // Whatever a client puts before its own entry, the answer is the same.
    else if (!believed) equal(xForwarded(list), xForwarded([client, ...right].join(", ")));
  }));
});

Deno.test("no header makes reading throw, and what it gives is an address", () => {
  const pieces = [
    "for=",
    '"',
    "\\",
    ",",
    ";",
    "[",
    "]",
    ":",
    "::1",
    "10.0.0.1",
    "192.0.2.1",
    "proto=",
    " ",
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })))
    .map((parts) => parts.join("").replace(/[^\x20-\x7e]/g, ""));
  fc.assert(
    fc.property(text, (value) => {
      for (const address of [forwarded(value), xForwarded(value)]) {
        equal(parseIpAddress(address) !== undefined, true);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("whatever a client forges, the entry of the proxy after it counts", () => {
  const forged = fc.array(fc.constantFrom('"', "\\", ",", ";", "=", "for=10.0.0.1", " ", "x"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(forged, (left) => {
      equal(forwarded(left, 'for="[2001:db8::1]:4711";by="\\"\\\\"'), "2001:db8::1");
      equal(xForwarded(left, "198.51.100.1"), "198.51.100.1");
    }),
    { numRuns: 1000 },
  );
});
