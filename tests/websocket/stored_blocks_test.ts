import { deepEqual, equal } from "node:assert/strict";
import { inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { concat } from "../../src/base/bytes.ts";
import { storedBlocks } from "../../src/websocket/stored_blocks.ts";

/** A final block with nothing in it. */
const finalBlock = Uint8Array.of(1, 0, 0, 0xff, 0xff);

function inflated(blocks: Uint8Array): Uint8Array {
  return new Uint8Array(inflateRawSync(concat([blocks, finalBlock])));
}

Deno.test("RFC 1951 §3.2.4: any bytes come back from their stored blocks", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1000 }), (bytes) => {
    deepEqual(inflated(storedBlocks(bytes)), bytes);
  }));
});

Deno.test("RFC 1951 §3.2.4: a block holds 65535 bytes at most, and longer bytes take several", () => {
  for (
    const [length, blocks] of [[0, 0], [1, 1], [65_535, 1], [65_536, 2], [200_000, 4]] as const
  ) {
    const bytes = new Uint8Array(length).map((_, at) => at % 251);
    const stored = storedBlocks(bytes);
    equal(stored.length, length + 5 * blocks);
    deepEqual(inflated(stored), bytes);
  }
});

Deno.test("room behind the blocks is zeros", () => {
  deepEqual([...storedBlocks(Uint8Array.of(7), 2)], [0, 1, 0, 0xfe, 0xff, 7, 0, 0]);
  deepEqual([...storedBlocks(new Uint8Array(0), 1)], [0]);
});
