import { equal } from "node:assert/strict";
import { peerAddress } from "../../../src/net/address/peer_address.ts";

Deno.test("a peer is its IP address", () => {
  equal(peerAddress({ remoteAddress: "192.0.2.7" }), "192.0.2.7");
  equal(peerAddress({ remoteAddress: "2001:db8::1" }), "2001:db8::1");
});

Deno.test("an IPv4 peer of an IPv6 socket is the same peer", () => {
  equal(peerAddress({ remoteAddress: "::ffff:192.0.2.7" }), "192.0.2.7");
  equal(peerAddress({ remoteAddress: "::ffff:c000:207" }), "::ffff:c000:207", "not dotted");
});

Deno.test("a peer without an address came over a Unix socket", () => {
  equal(peerAddress({}), "unix");
  equal(peerAddress({ remoteAddress: "" }), "unix");
});
