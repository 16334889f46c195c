/**
 * A million rounds of a loop like a connection's, then the heap: run by select_test.ts in a process of
 * its own, because only there the collector can be called. Prints the growth in bytes.
 */

import { Inbox } from "../../src/base/inbox.ts";
import { Latch } from "../../src/base/latch.ts";
import { select } from "../../src/base/select.ts";

const ROUNDS = 1_000_000;

async function rounds(count: number): Promise<void> {
  const shutdown = new Latch("shutdown");
  const live = new Inbox<"live", number>("live", 8);
  const frames = new Inbox<"frames", Uint8Array>("frames", 8);
  for (let round = 0; round < count; round++) {
    // Half of the rounds find something, the other half sleep and are woken.
    if (round % 2 === 0) frames.push(new Uint8Array(64));
    else queueMicrotask(() => live.push(round));
    await select(shutdown, live, frames);
  }
}

function heapBytes(): number {
  (globalThis as unknown as { gc(): void }).gc();
  return Deno.memoryUsage().heapUsed;
}

await rounds(10_000);
const before = heapBytes();
await rounds(ROUNDS);
console.log(heapBytes() - before);
