import { deepEqual, throws } from "node:assert/strict";
import { inflateRawSync } from "node:zlib";
import { BrokenInvariant } from "../../src/base/assert.ts";
import { concat } from "../../src/base/bytes.ts";
import {
  maxStoredBytes,
  storedHeaderBytes,
  writeStoredHeader,
} from "../../src/websocket/stored_block.ts";

/** A final block with nothing in it. */
const finalBlock = Uint8Array.of(1, 0, 0, 0xff, 0xff);

Deno.test("RFC 1951 §3.2.4: bytes of any length come back from their stored block", () => {
  for (const length of [0, 1, 2, 255, 256, 257, 32_768, maxStoredBytes]) {
    const bytes = new Uint8Array(length).map((_, at) => at % 251);
    const header = new Uint8Array(storedHeaderBytes).fill(0xaa);
    writeStoredHeader(header, length);
    const inflated = inflateRawSync(concat([header, bytes, header, bytes, finalBlock]));
    deepEqual(new Uint8Array(inflated), concat([bytes, bytes]));
  }
});

Deno.test("RFC 1951 §3.2.4: a block longer than 65535 bytes is our own bug", () => {
  const header = new Uint8Array(storedHeaderBytes);
  throws(() => writeStoredHeader(header, maxStoredBytes + 1), BrokenInvariant);
});
