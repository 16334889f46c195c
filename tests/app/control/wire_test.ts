import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  decode,
  encode,
  type Frame,
  frameBytes,
  readFrames,
} from "../../../src/app/control/wire.ts";
import { concat, utf8 } from "../../../src/base/bytes.ts";

const frames: readonly Frame[] = [
  { value: null },
  {
    events: [
      { seq: 1, id: "a", createdAt: 2, json: utf8('{"content":"☃\nnew line"}') },
      { seq: 3, id: "b", createdAt: 4, json: new Uint8Array() },
    ],
  },
  { events: [] },
  { value: [{ id: "x", createdAt: 1 }] },
  { end: true },
];

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += length) {
    yield await Promise.resolve(bytes.subarray(start, start + length));
  }
}

const all = concat(frames.map(frameBytes));

Deno.test("sets, maps and bytes arrive as what they were", () => {
  const filter = {
    ids: new Set(["a"]),
    kinds: new Set([1, 2]),
    tags: new Map([["e", new Set(["x", '"\\'])]]),
    limit: 3,
  };
  const values = [filter, { json: Uint8Array.of(0, 255) }, "text", 7, null, [[]], new Map(), {}];
  deepEqual(decode(encode(values)), values);
  equal(decode(encode(undefined)), null);
});

for (const length of [1, 2, 7, 50, 1_000]) {
  Deno.test(`frames arrive whole when they come ${length} bytes at a time`, async () => {
    deepEqual(await Array.fromAsync(readFrames(inPieces(all, length))), frames);
  });
}

Deno.test("an answer that is cut within a frame is an error, wherever that is", async () => {
  const ends = frames.map((_, at) => concat(frames.slice(0, at).map(frameBytes)).length);
  for (let length = 0; length < all.length; length++) {
    const reading = Array.fromAsync(readFrames(inPieces(all.subarray(0, length), 16)));
    if (ends.includes(length)) await reading;
    else await rejects(reading, /^Error: the answer ended within/);
  }
});
