/**
 * What is kept of a handshake for as long as its connection lasts.
 *
 * @module
 */

import { equal, ok } from "node:assert/strict";
import { duplexPair } from "node:stream";
import { HttpConversation } from "../../src/net/server/http_conversation.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { bytesPrintedBy } from "../kit/heap_program.ts";

/** Three texts of 256 characters, and the object. */
const MOST_BYTES = 2_000;

for (const field of ["User-Agent", "X"]) {
  Deno.test(`of a head with a long ${field}, ${MOST_BYTES} bytes are kept at most`, async () => {
    const bytes = await bytesPrintedBy(new URL("handshake_heap.ts", import.meta.url), field);
    ok(bytes > 100 && bytes <= MOST_BYTES, `${bytes} bytes`);
  });
}

Deno.test("what comes behind an upgrade keeps nothing of its head", async () => {
  const [socket, client] = duplexPair();
  const rest = Promise.withResolvers<Uint8Array>();
  const limits = { maxHeaderBytes: 16_384, maxBodyBytes: 1024, handshakeTimeoutMs: 1000 };
  const deadline = { restart() {}, stop() {} };
  new HttpConversation({ socket, clock: new FakeClock(), deadline, limits }, {
    request: () => new Response(""),
    upgrade: (_, bytes) => rest.resolve(bytes),
    refused() {},
    failed() {},
  }).start();
  client.write(
    `GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: ${
      "a".repeat(15_000)
    }\r\n\r\nfive.`,
  );
  const { length, buffer } = await rest.promise;
  equal(length, 5);
  equal(buffer.byteLength, 5);
});
