import { deepEqual, equal } from "node:assert/strict";
import { formatDialTarget, parseDialTarget } from "../../../src/net/client/dial_target.ts";

const targets: readonly [string, string, number, boolean][] = [
  ["relay.example:8080", "relay.example", 8080, false],
  ["tcp://relay.example:8080", "relay.example", 8080, false],
  ["tls://relay.example:8443", "relay.example", 8443, true],
  ["ws://relay.example", "relay.example", 80, false],
  ["wss://relay.example/path?q", "relay.example", 443, true],
  ["https://127.0.0.1:1/", "127.0.0.1", 1, true],
  ["[2001:db8::1]:80", "2001:db8::1", 80, false],
  ["wss://[::1]/", "::1", 443, true],
];

for (const [text, host, port, secure] of targets) {
  Deno.test(`${text} is ${host}, port ${port}, ${secure ? "TLS" : "plain"}`, () => {
    deepEqual(parseDialTarget(text), { type: "tcp", host, port, secure });
  });
}

Deno.test("a path is a Unix socket", () => {
  deepEqual(parseDialTarget("unix:/run/relay.sock"), { type: "unix", path: "/run/relay.sock" });
});

for (const text of ["", "relay.example", "tls://relay.example", "unix:", "ftp://a:1", "a:70000"]) {
  Deno.test(`"${text}" is nobody`, () => {
    equal(parseDialTarget(text), undefined);
  });
}

Deno.test("what was written is read as the same", () => {
  for (const text of ["tcp://a:1", "tls://[::1]:443", "unix:/run/relay.sock"]) {
    equal(formatDialTarget(parseDialTarget(text)!), text);
  }
});
