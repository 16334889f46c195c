/**
 * Handshakes with heads as long as they can be, and what is kept of them: run by handshake_test.ts in a
 * process of its own, because only there the collector can be called. Prints the bytes that one keeps.
 */

import { handshakeOf } from "../../src/app/network/handshake.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { parseRequestHead } from "../../src/net/server/request_head.ts";
import { usedBytes } from "../kit/used_bytes.ts";

const HANDSHAKES = 500;

const [field = "X"] = Deno.args;
const kept: unknown[] = [];

function shakeHands(at: number): void {
  const head = `GET /${at} HTTP/1.1\r\nHost: relay.example\r\nOrigin: https://client.example\r\n` +
    `${field}: ${`${at} `.padEnd(15_000, "long ")}\r\n\r\n`;
  const parsed = parseRequestHead(utf8(head), { maxHeaderBytes: 16_384 });
  if (parsed.type !== "head") throw new Error("no head");
  const { target, headers } = parsed.head;
  kept.push(handshakeOf({ target, headers, secure: true }));
}

shakeHands(0);
const before = await usedBytes();
for (let at = 1; at <= HANDSHAKES; at++) shakeHands(at);
console.log((await usedBytes() - before) / HANDSHAKES);
