import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { concat, SharedBytes, utf8 } from "../../src/base/bytes.ts";
import { nodeZlib } from "../../src/net/zlib.ts";
import { BufferPool } from "../../src/websocket/buffer_pool.ts";
import type { Extension } from "../../src/websocket/extension.ts";
import { Opcode } from "../../src/websocket/frame.ts";
import { maxOutputBytes, OutputQueue } from "../../src/websocket/output_queue.ts";
import { PermessageDeflate } from "../../src/websocket/permessage_deflate.ts";
import { Protocol } from "../../src/websocket/protocol.ts";
import { closePayload, type RawFrame, rawFrame } from "../kit/raw_frame.ts";

function serverQueue(pool = new BufferPool(), extension?: Extension): OutputQueue {
  return new OutputQueue({ pool, freshMaskKey: undefined, extension });
}

/** Takes all that waits, one write after the other. */
function writes(queue: OutputQueue): Uint8Array[] {
  const taken: Uint8Array[] = [];
  for (;;) {
    const output = queue.take();
    if (output === undefined) return taken;
    taken.push(output.slice());
    queue.recycle();
  }
}

function unmasked(...frames: readonly RawFrame[]): Uint8Array {
  return concat(frames.map((frame) => rawFrame({ ...frame, key: null })));
}

/** A queue whose first write, of one byte of text, is under way. */
function busyQueue(pool?: BufferPool, extension?: Extension): OutputQueue {
  const queue = serverQueue(pool, extension);
  queue.text("!");
  queue.take();
  return queue;
}

Deno.test("what is sent while nothing is under way leaves in one write", () => {
  const queue = serverQueue();
  queue.text("a");
  queue.shared(utf8("["), new SharedBytes(utf8("b")), utf8("]"));
  queue.binary(utf8("c"));
  queue.control(Opcode.ping, utf8("d"));
  equal(queue.length, 14);
  deepEqual(writes(queue), [
    unmasked(
      { opcode: 1, payload: "a" },
      { opcode: 1, payload: "[b]" },
      { opcode: 2, payload: "c" },
      { opcode: 9, payload: "d" },
    ),
  ]);
  equal(queue.length, 0);
});

Deno.test("what is sent while a write is under way waits, counted to the byte, in order", () => {
  const queue = busyQueue();
  queue.text("é🎉\ud800");
  queue.shared(utf8("["), new SharedBytes(utf8("b".repeat(200))), utf8("]"));
  queue.binary(utf8("c"));
  queue.control(Opcode.pong, utf8("d"));
  queue.control(Opcode.close, closePayload(1000, "bye"));
  const expected = unmasked(
    { opcode: 1, payload: "é🎉\ufffd" },
    { opcode: 1, payload: `[${"b".repeat(200)}]` },
    { opcode: 2, payload: "c" },
    { opcode: 10, payload: "d" },
    { opcode: 8, payload: closePayload(1000, "bye") },
  );
  equal(queue.length, expected.length);
  queue.recycle();
  deepEqual(writes(queue), [expected]);
});

Deno.test("a write under way stays as it is, whatever is sent meanwhile", () => {
  const queue = serverQueue();
  queue.text("first");
  const first = queue.take()!;
  queue.text("other");
  equal(new TextDecoder().decode(first.subarray(2)), "first");
});

Deno.test("a peer that does not read costs references: no buffer is borrowed for what waits", () => {
  const pool = new BufferPool();
  const queue = busyQueue(pool);
  pool.giveBack(new Uint8Array(maxOutputBytes));
  const body = new SharedBytes(new Uint8Array(1000).fill(0x61));
  for (let i = 0; i < 10_000; i++) queue.shared(utf8("["), body, utf8("]"));
  equal(queue.length, 10_000 * (4 + 1002));
  equal(pool.spareBytes, maxOutputBytes);
});

Deno.test("a long queue leaves in writes of bounded length, each of whole frames", () => {
  for (const isBusy of [false, true]) {
    const queue = isBusy ? busyQueue() : serverQueue();
    const payload = "x".repeat(20_000);
    for (let i = 0; i < 10; i++) queue.text(payload);
    if (isBusy) queue.recycle();
    const taken = writes(queue);
    const three = unmasked(...Array.from({ length: 3 }, () => ({ opcode: 1, payload })));
    deepEqual(taken, [three, three, three, unmasked({ opcode: 1, payload })]);
  }
});

Deno.test("a message longer than a write goes alone", () => {
  for (const isBusy of [false, true]) {
    const queue = isBusy ? busyQueue() : serverQueue();
    const payload = "x".repeat(maxOutputBytes + 1);
    queue.text("before");
    queue.text(payload);
    queue.text("after");
    if (isBusy) queue.recycle();
    deepEqual(writes(queue), [
      unmasked({ opcode: 1, payload: "before" }),
      unmasked({ opcode: 1, payload }),
      unmasked({ opcode: 1, payload: "after" }),
    ]);
  }
});

Deno.test("writes of a long queue use one buffer again and again, and none that grows", () => {
  const pool = new BufferPool(Infinity);
  const queue = busyQueue(pool);
  const body = new SharedBytes(new Uint8Array(1000));
  for (let i = 0; i < 1000; i++) queue.shared(utf8(""), body, utf8(""));
  queue.recycle();
  writes(queue);
  // The first write's kilobyte, the buffer of the many, and that of the shorter last one at most.
  equal(pool.spareBytes <= 1024 + 2 * maxOutputBytes, true, `${pool.spareBytes} bytes`);
});

Deno.test("binary messages and pongs that wait are copies: their bytes lie in what was read", () => {
  const queue = busyQueue();
  const read = utf8("read");
  queue.binary(read);
  queue.control(Opcode.pong, read);
  read.fill(0);
  queue.recycle();
  deepEqual(writes(queue), [
    unmasked({ opcode: 2, payload: "read" }, { opcode: 10, payload: "read" }),
  ]);
});

Deno.test("what was dropped does not leave, what is under way is not touched", () => {
  const queue = serverQueue();
  queue.text("under way");
  const output = queue.take()!;
  queue.text("dropped");
  queue.drop();
  equal(queue.length, 0);
  queue.control(Opcode.close, closePayload(1008));
  deepEqual(output, unmasked({ opcode: 1, payload: "under way" }));
  queue.recycle();
  deepEqual(writes(queue), [unmasked({ opcode: 8, payload: closePayload(1008) })]);
});

Deno.test("RFC 7692 §6: what waits is deflated when its turn comes, a shared body once", () => {
  let deflations = 0;
  const zlib = {
    ...nodeZlib,
    deflate(bytes: Uint8Array, windowBits: number) {
      deflations++;
      return nodeZlib.deflate(bytes, windowBits);
    },
  };
  const extension = new PermessageDeflate({ zlib, windowBits: 13 });
  const queue = busyQueue(undefined, extension);
  const words = "many words ".repeat(100);
  const body = new SharedBytes(utf8(words));
  queue.shared(utf8("1"), body, utf8("."));
  queue.shared(utf8("2"), body, utf8("."));
  equal(deflations, 0);
  equal(queue.length, 2 * (4 + words.length + 2));
  queue.recycle();
  const [output = new Uint8Array(0)] = writes(queue);
  equal(deflations, 1);
  equal(output.length < 200, true, `${output.length} bytes`);
  const random = { bytes: (length: number) => new Uint8Array(length) };
  const client = new Protocol({ role: "client", maxMessageBytes: 10_000, random, extension });
  deepEqual(client.receive(output), [
    { type: "text", text: `1${words}.` },
    { type: "text", text: `2${words}.` },
  ]);
});

/** Something to send, a peer that read a write, or one that is asked for the next. */
type Step = "recycle" | "take" | readonly [type: "text" | "shared" | "ping", length: number];

const step = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Step>("recycle", "take") },
  { weight: 2, arbitrary: fc.nat(40_000).map((length): Step => ["text", length]) },
  { weight: 2, arbitrary: fc.nat(40_000).map((length): Step => ["shared", length]) },
  { weight: 1, arbitrary: fc.nat(125).map((length): Step => ["ping", length]) },
);

Deno.test("whenever the peer reads, it hears everything in order, and every byte was counted", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), fc.boolean(), (steps, masked) => {
    const freshMaskKey = masked ? () => 0x01020304 : undefined;
    const queue = new OutputQueue({ pool: new BufferPool(), freshMaskKey, extension: undefined });
    const output: Uint8Array[] = [];
    const expected: RawFrame[] = [];
    const key = masked ? [1, 2, 3, 4] as const : null;
    const take = () => {
      const before = queue.length;
      const taken = queue.take();
      if (taken !== undefined) output.push(taken.slice());
      equal(before - queue.length, taken?.length ?? 0);
    };
    for (const step of steps) {
      if (step === "recycle") queue.recycle();
      else if (step === "take") take();
      else {
        const payload = "é".repeat(step[1] / 2);
        expected.push({ opcode: step[0] === "ping" ? 9 : 1, payload, key });
        if (step[0] === "text") queue.text(payload);
        else if (step[0] === "ping") queue.control(Opcode.ping, utf8(payload));
        else queue.shared(utf8(""), new SharedBytes(utf8(payload)), utf8(""));
      }
    }
    while (queue.length > 0) take();
    deepEqual(concat(output), concat(expected.map(rawFrame)));
  }));
});

Deno.test("a ping goes out behind a piece and before all that waits, when it is asked for", () => {
  const queue = serverQueue();
  equal(queue.take({ sent: () => utf8("nothing to stand behind") }), undefined);
  queue.text("a");
  queue.take();
  queue.text("b");
  queue.text("x".repeat(maxOutputBytes));
  queue.recycle();
  const lengths: number[] = [];
  const watch = {
    sent: (bytes: number) => lengths.push(bytes) === 1 ? utf8("read") : undefined,
  };
  deepEqual(
    queue.take(watch)?.slice(),
    unmasked({ opcode: 1, payload: "b" }, { opcode: 9, payload: "read" }),
  );
  queue.recycle();
  equal(queue.take(watch)?.length, maxOutputBytes + 10);
  deepEqual(lengths, [3, maxOutputBytes + 10]);
});

Deno.test("a ping behind a full piece takes no second buffer", () => {
  for (let extra = 0; extra < 60; extra++) {
    const pool = new BufferPool();
    const queue = busyQueue(pool);
    for (let i = 0; i < 64; i++) queue.text("x".repeat(1020 + (i === 0 ? extra - 40 : 0)));
    queue.recycle();
    const piece = queue.take({ sent: () => utf8("read") })!;
    equal(piece.buffer.byteLength, maxOutputBytes, `${extra}`);
  }
});

Deno.test("what is handed in while no write will follow soon waits as it is", () => {
  const pool = new BufferPool();
  const queue = busyQueue(pool);
  queue.recycle(true);
  equal(pool.spareBytes, 1024);
  for (let i = 0; i < 100; i++) queue.text("x".repeat(1000));
  equal(queue.length, 100 * 1004);
  equal(pool.spareBytes, 1024, "nothing was borrowed");
  equal(queue.take()?.length, 65 * 1004);
  queue.recycle();
  equal(queue.take()?.length, 35 * 1004);
  queue.recycle();
  queue.text("at once");
  equal(writes(queue).length, 1);
});
