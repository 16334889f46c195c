import { deepEqual, equal, rejects } from "node:assert/strict";
import { readUntil } from "../../../src/app/transfer/read_until.ts";

/** A stream that gives `pieces` and then says nothing more, and whether it was cancelled. */
function silentAfter(pieces: readonly number[]) {
  const state = { cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new Uint8Array([piece]));
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { stream, state };
}

Deno.test("everything is read to the end", async () => {
  const stream = ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])]);
  const pieces = await Array.fromAsync(readUntil(stream, new AbortController().signal));
  deepEqual(pieces.map((piece) => piece[0]), [1, 2]);
});

Deno.test("a read that waits is given up when it is called off", async () => {
  const { stream, state } = silentAfter([1]);
  const controller = new AbortController();
  const read: number[] = [];
  for await (const piece of readUntil(stream, controller.signal)) {
    read.push(piece[0]!);
    queueMicrotask(() => controller.abort());
  }
  deepEqual(read, [1]);
  equal(state.cancelled, true);
});

Deno.test("a reader that leaves early cancels the stream", async () => {
  const { stream, state } = silentAfter([1, 2]);
  for await (const _ of readUntil(stream, new AbortController().signal)) break;
  equal(state.cancelled, true);
});

Deno.test("what the stream fails with reaches the reader", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new Error("disk gone")),
  });
  const reading = Array.fromAsync(readUntil(stream, new AbortController().signal));
  await rejects(reading, /disk gone/);
});
