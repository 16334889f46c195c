import { deepEqual, equal } from "node:assert/strict";
import { parseWebSocketUrl } from "../../src/websocket/websocket_url.ts";

Deno.test("RFC 6455 §3: scheme, host, port, path and query", () => {
  const base = { type: "tcp", secure: false, host: "example.com" };
  deepEqual(parseWebSocketUrl("ws://example.com"), {
    ...base,
    port: 80,
    authority: "example.com",
    target: "/",
  });
  deepEqual(parseWebSocketUrl("WS://Example.COM:80/a%20b/?q=ä"), {
    ...base,
    port: 80,
    authority: "example.com",
    target: "/a%20b/?q=%C3%A4",
  });
  deepEqual(parseWebSocketUrl("wss://example.com:80/"), {
    ...base,
    secure: true,
    port: 80,
    authority: "example.com:80",
    target: "/",
  });
  const usual = parseWebSocketUrl("wss://example.com");
  equal(usual?.type === "tcp" && usual.port, 443);
});

Deno.test("RFC 3986 §3.2.2: an IPv6 address has brackets in Host and none to dial", () => {
  const url = parseWebSocketUrl("ws://[2001:DB8::1]:8080/");
  deepEqual(url?.type === "tcp" && [url.host, url.port, url.authority], [
    "2001:db8::1",
    8080,
    "[2001:db8::1]:8080",
  ]);
});

Deno.test("a Unix socket has a file, and perhaps a path to ask for", () => {
  const unix = { type: "unix", path: "/run/relay.sock", authority: "localhost" };
  deepEqual(parseWebSocketUrl("ws+unix:/run/relay.sock"), { ...unix, target: "/" });
  deepEqual(parseWebSocketUrl("ws+unix:/run/relay.sock:/a?b"), { ...unix, target: "/a?b" });
});

Deno.test("RFC 6455 §3: other schemes, fragments and users' names are no WebSocket URL", () => {
  for (
    const text of [
      "",
      "relay.example.com",
      "http://example.com",
      "https://example.com",
      "ws:",
      "ws://",
      "ws://example.com:70000",
      "ws://example.com/#part",
      "ws://example.com/#",
      "ws://user@example.com",
      "ws://user:word@example.com",
      "ws+unix:",
      "ws+unix:/a:b",
      "ws+unix:/a:/b c",
      "ws+unix:/a:/b:/c",
    ]
  ) {
    equal(parseWebSocketUrl(text), undefined, text);
  }
});
