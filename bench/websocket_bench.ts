/**
 * Measures a message in the WebSocket codec, without a socket: `deno bench
 * bench/websocket_bench.ts`.
 *
 * @module
 */

import { concat, SharedBytes, utf8 } from "../src/base/bytes.ts";
import { nodeZlib } from "../src/net/zlib.ts";
import { BufferPool } from "../src/websocket/buffer_pool.ts";
import { mask } from "../src/websocket/mask.ts";
import { PermessageDeflate, sendWindowBits } from "../src/websocket/permessage_deflate.ts";
import { Protocol } from "../src/websocket/protocol.ts";
import { Utf8Validator } from "../src/websocket/utf8_validator.ts";

const maxMessageBytes = 512 * 1024;
const pool = new BufferPool();
const random = { bytes: (length: number) => new Uint8Array(length).fill(0x5a) };

function newServer(): Protocol {
  return new Protocol({ role: "server", maxMessageBytes, pool });
}

/** `text` as a masked client frame. */
function masked(text: string): Uint8Array {
  const client = new Protocol({ role: "client", maxMessageBytes, random });
  client.sendText(text);
  return client.takeOutput()!.slice();
}

/** `length` characters that resemble an event's JSON. */
function eventLike(length: number): string {
  return `["EVENT",{"content":"${"lorem ipsum ".repeat(length)}`.slice(0, length);
}

for (const length of [60, 400, 4000]) {
  const server = newServer();
  const frame = masked(eventLike(length));
  const read = frame.slice();
  Deno.bench(`receive one masked text of ${length} bytes`, { group: "receive" }, () => {
    // Unmasking is done in place, so each round needs the masked bytes again.
    read.set(frame);
    server.receive(read);
  });
}

{
  const server = newServer();
  const frame = masked(eventLike(400));
  const frames = concat(Array.from({ length: 100 }, () => frame));
  const read = frames.slice();
  Deno.bench("receive 100 masked texts of 400 bytes in one read", { group: "receive" }, () => {
    read.set(frames);
    server.receive(read);
  });
}

{
  const server = newServer();
  const frame = masked(eventLike(4000));
  Deno.bench("receive one text of 4000 bytes in four reads", { group: "receive" }, () => {
    for (let at = 0; at < frame.length; at += 1024) server.receive(frame.slice(at, at + 1024));
  });
}

{
  const server = newServer();
  const head = utf8('["EVENT","subscription",');
  const body = new SharedBytes(utf8(eventLike(480)));
  const tail = utf8("]");
  Deno.bench("sendShared, one message a write", { group: "send" }, () => {
    server.sendShared(head, body, tail);
    server.takeOutput();
    server.recycleOutput();
  });
  Deno.bench("sendShared, 20 messages a write", { group: "send" }, () => {
    for (let i = 0; i < 20; i++) server.sendShared(head, body, tail);
    server.takeOutput();
    server.recycleOutput();
  });
  const ok = `["OK","${"ab".repeat(32)}",true,""]`;
  Deno.bench("sendText of an OK, one a write", { group: "send" }, () => {
    server.sendText(ok);
    server.takeOutput();
    server.recycleOutput();
  });
}

const extension = new PermessageDeflate({ zlib: nodeZlib, windowBits: sendWindowBits });

/** An event as relays receive them: mostly hexadecimal digits, which compress badly. */
function eventJson(): string {
  const hex = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)).toHex();
  return JSON.stringify({
    id: hex(32),
    pubkey: hex(32),
    created_at: 1_700_000_000,
    kind: 1,
    tags: [["e", hex(32)], ["p", hex(32)]],
    content: "A note of some words, as people write them, and a few more for good measure.",
    sig: hex(64),
  });
}

{
  const text = eventJson();
  const server = new Protocol({ role: "server", maxMessageBytes, pool, extension });
  const client = new Protocol({ role: "client", maxMessageBytes, random, extension });
  client.sendText(text);
  const frame = client.takeOutput()!.slice();
  const read = frame.slice();
  Deno.bench(`receive one deflated event of ${text.length} bytes`, { group: "deflate" }, () => {
    read.set(frame);
    server.receive(read);
  });

  const head = utf8('["EVENT","subscription",');
  const tail = utf8("]");
  const bytes = utf8(text);
  const deliver = (body: SharedBytes) => {
    server.sendShared(head, body, tail);
    server.takeOutput();
    server.recycleOutput();
  };
  Deno.bench("deliver one deflated event to 100, each its own", { group: "fan-out" }, () => {
    for (let i = 0; i < 100; i++) deliver(new SharedBytes(bytes));
  });
  Deno.bench("deliver one deflated event to 100, deflated once", { group: "fan-out" }, () => {
    const body = new SharedBytes(bytes);
    for (let i = 0; i < 100; i++) deliver(body);
  });
  const plain = newServer();
  Deno.bench("deliver one plain event to 100", { group: "fan-out" }, () => {
    const body = new SharedBytes(bytes);
    for (let i = 0; i < 100; i++) {
      plain.sendShared(head, body, tail);
      plain.takeOutput();
      plain.recycleOutput();
    }
  });
}

for (const length of [60, 400, 65_536]) {
  const bytes = utf8(eventLike(length));
  Deno.bench(`mask ${length} bytes`, { group: "bytes" }, () => mask(bytes, 0x12345678, 0));
}

{
  const validator = new Utf8Validator();
  const bytes = utf8(eventLike(65_536));
  Deno.bench("validate 65536 bytes of UTF-8", { group: "bytes" }, () => {
    validator.push(bytes);
  });
}
