/**
 * What work of one peer counts for in the turns that all take: what costs the thread much is never taken for
 * little, whatever it looks like.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { duplexPair } from "node:stream";
import { deflateRawSync } from "node:zlib";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { HttpConversation } from "../../src/net/server/http_conversation.ts";
import { takeSlice } from "../../src/net/slice.ts";
import { Turns } from "../../src/net/turns.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { PermessageDeflate } from "../../src/websocket/permessage_deflate.ts";
import { Protocol } from "../../src/websocket/protocol.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { rawFrame } from "../kit/raw_frame.ts";

/** A connection whose messages are compressed and that has read `frames`. */
function reader(frames: readonly Uint8Array[]): Protocol {
  const extension = new PermessageDeflate({ zlib: nodeZlib, windowBits: 15 });
  const protocol = new Protocol({ role: "server", maxMessageBytes: 524_288, extension });
  protocol.feed(concat(frames));
  return protocol;
}

const sliceOf = (frames: readonly Uint8Array[]) => takeSlice(reader(frames), false, () => {});

Deno.test("compressed bytes that become nothing, or a fault, count as what they are", () => {
  const blocks = new Uint8Array(200_001);
  // Stored blocks without content: three bits, then the length 0 and its complement.
  for (let at = 0; at + 5 < blocks.length; at += 5) blocks.fill(255, at + 3, at + 5);
  const empty = rawFrame({ opcode: 1, rsv: 4, payload: blocks });
  const slice = sliceOf([empty, empty]);
  equal(slice.messages.length, 1);
  ok(slice.bytes >= blocks.length, `${slice.bytes} bytes`);

  const broken = blocks.with(blocks.length - 10, 7);
  const { end, bytes } = sliceOf([rawFrame({ opcode: 1, rsv: 4, payload: broken })]);
  equal(end?.type, "fault");
  ok(bytes >= blocks.length, `${bytes} bytes`);
});

Deno.test("what becomes more than it was counts as what it has become", () => {
  const payload = deflateRawSync("x".repeat(100_000), { finishFlush: 2 }).subarray(0, -4);
  ok(sliceOf([rawFrame({ opcode: 1, rsv: 4, payload })]).bytes >= 100_000);
});

Deno.test("pings, pongs and frames without a message fill a slice, too", () => {
  const frames = { ping: [9, true], pong: [10, true], "a fragment": [0, false] } as const;
  for (const [name, [opcode, fin]] of Object.entries(frames)) {
    const first = rawFrame({ opcode: 1, fin: false });
    const more = Array.from({ length: 1_000 }, () => rawFrame({ opcode, fin }));
    const slice = sliceOf([first, ...more]);
    equal(slice.isCut, true, name);
    ok(slice.bytes >= 32 * 1024, `${name}: ${slice.bytes} bytes`);
  }
});

Deno.test("a body in chunks of one byte is taken in slices, in turns with others", async () => {
  const clock = new FakeClock();
  const rounds: (() => void)[] = [];
  const turns = new Turns((round) => {
    rounds.push(round);
    return { cancel() {} };
  });
  const [socket, client] = duplexPair();
  client.on("data", () => {});
  let requests = 0;
  const options = { socket, clock, turns, deadline: { restart() {}, stop() {} } };
  const limits = { maxHeaderBytes: 1024, maxBodyBytes: 100_000, handshakeTimeoutMs: 1000 };
  new HttpConversation({ ...options, limits }, {
    request: () => (requests++, new Response("")),
    upgrade() {},
    refused() {},
    failed() {},
  }).start();
  client.write("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.write(utf8(`${"1\r\na\r\n".repeat(9_000)}0\r\n\r\n`));
  let taken = 0;
  for (let idle = 0; idle < 3; idle++) {
    await new Promise((resolve) => setImmediate(resolve));
    for (let round = rounds.shift(); round !== undefined; round = rounds.shift()) {
      idle = 0;
      taken++;
      round();
    }
  }
  equal(requests, 1);
  ok(taken >= 3, `${taken} rounds for 54,000 bytes`);
});
