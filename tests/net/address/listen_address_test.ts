import { deepEqual, equal } from "node:assert/strict";
import {
  formatListenAddress,
  listenUrl,
  parseListenAddress,
} from "../../../src/net/address/listen_address.ts";

Deno.test("an address is written the way it was read", () => {
  for (
    const text of ["127.0.0.1:0", "localhost:65535", "[::1]:8080", "[fe80::1%eth0]:1", "unix:/a b"]
  ) {
    const address = parseListenAddress(text);
    equal(address && formatListenAddress(address), text);
  }
});

Deno.test("an IPv6 host loses its brackets", () => {
  deepEqual(parseListenAddress("[::]:80"), { type: "tcp", host: "::", port: 80 });
});

Deno.test("what is no address is none", () => {
  const wrong = [
    "",
    "8080",
    ":8080",
    "::1:80",
    "host",
    "host:",
    "host:65536",
    "host:80/x",
    "[x]:1",
  ];
  for (const text of [...wrong, "unix:", "host:-1", "a b:1"]) {
    equal(parseListenAddress(text), undefined, text);
  }
});

Deno.test("a client gets a URL", () => {
  equal(listenUrl({ type: "tcp", host: "::1", port: 80 }), "ws://[::1]:80");
  equal(listenUrl({ type: "unix", path: "/run/x" }), "ws+unix:/run/x");
});
