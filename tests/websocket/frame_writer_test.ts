import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../src/base/bytes.ts";
import { BufferPool } from "../../src/websocket/buffer_pool.ts";
import { Opcode } from "../../src/websocket/frame.ts";
import { FrameWriter } from "../../src/websocket/frame_writer.ts";
import { rawFrame } from "../kit/raw_frame.ts";

function serverWriter(pool = new BufferPool()): FrameWriter {
  return new FrameWriter({ pool, freshMaskKey: undefined });
}

function written(writer: FrameWriter): number[] {
  return [...writer.take() ?? []];
}

Deno.test("RFC 6455 §5.7: the unmasked sample is written", () => {
  const writer = serverWriter();
  writer.text("Hello");
  deepEqual(written(writer), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
});

Deno.test("RFC 6455 §5.3: a client masks each frame with a fresh key", () => {
  const keys = [0x37fa213d, 0x01020304];
  const writer = new FrameWriter({ pool: new BufferPool(), freshMaskKey: () => keys.shift()! });
  writer.text("Hello");
  writer.frame(Opcode.ping, [utf8("x")]);
  deepEqual(written(writer), [
    ...rawFrame({ opcode: Opcode.text, payload: "Hello" }),
    ...rawFrame({ opcode: Opcode.ping, payload: "x", key: [1, 2, 3, 4] }),
  ]);
});

Deno.test("any text has the right header, whatever its characters weigh", () => {
  const long = fc.integer({ min: 0, max: 200 }).chain((times) =>
    fc.constantFrom("a", "é", "あ", "🎉").map((unit) => unit.repeat(times))
  );
  const text = fc.oneof(long, fc.string({ unit: "binary", maxLength: 200 }));
  fc.assert(fc.property(fc.array(text, { maxLength: 4 }), fc.boolean(), (texts, masked) => {
    const writer = new FrameWriter({
      pool: new BufferPool(),
      freshMaskKey: masked ? () => 0x37fa213d : undefined,
    });
    for (const text of texts) writer.text(text);
    const key = masked ? undefined : null;
    const frames = texts.map((payload) =>
      rawFrame({ opcode: 1, payload, ...(key === null ? { key } : {}) })
    );
    deepEqual(written(writer), frames.flatMap((frame) => [...frame]));
  }));
});

Deno.test("a text that outgrows the guessed length form is moved, at both thresholds", () => {
  for (const text of ["é".repeat(100), "あ".repeat(30_000)]) {
    const writer = serverWriter();
    writer.text("before");
    writer.text(text);
    const expected = ["before", text].flatMap((payload) => [
      ...rawFrame({ opcode: Opcode.text, payload, key: null }),
    ]);
    deepEqual(written(writer), expected);
  }
});

Deno.test("the parts of a payload are joined under one header", () => {
  const writer = serverWriter();
  writer.frame(Opcode.text, [utf8("a"), utf8(""), utf8("bc")], 4);
  deepEqual(written(writer), [...rawFrame({ opcode: 1, payload: "abc", rsv: 4, key: null })]);
});

Deno.test("everything written comes out once, in one piece", () => {
  const writer = serverWriter();
  equal(writer.take(), undefined);
  writer.text("a");
  writer.text("b");
  equal(writer.length, 6);
  equal(writer.take()?.length, 6);
  equal(writer.length, 0);
  equal(writer.take(), undefined);
});

Deno.test("what was taken stays as it is until it is recycled, then its memory is used again", () => {
  const pool = new BufferPool();
  const writer = serverWriter(pool);
  writer.text("first");
  const first = writer.take()!;
  writer.text("other");
  equal(new TextDecoder().decode(first.subarray(2)), "first");
  writer.recycle();
  equal(pool.spareBytes, 1024);
  writer.recycle();
  equal(pool.spareBytes, 1024, "once");
});

Deno.test("what was dropped is not taken, and its memory is used again", () => {
  const pool = new BufferPool();
  const writer = serverWriter(pool);
  writer.reserve(3000);
  writer.text("dropped");
  writer.drop();
  equal(writer.length, 0);
  equal(pool.spareBytes, 4096);
  writer.text("b");
  deepEqual(written(writer), [0x81, 1, 0x62]);
});
