import { equal, ok } from "node:assert/strict";
import { getHeapStatistics } from "node:v8";
import { memoryLimitBytes, usedMemoryBytes } from "../../../src/app/system/memory_limit.ts";

Deno.test("the limit is what the setting says, and never beyond what the engine allows", () => {
  equal(memoryLimitBytes(64), 64 * 1024 * 1024);
  const heap = getHeapStatistics().heap_size_limit;
  ok(memoryLimitBytes(1_000_000) < heap);
  ok(memoryLimitBytes(0) < heap);
  ok(memoryLimitBytes(0) > 64 * 1024 * 1024);
});

Deno.test("what the process uses grows with what it holds", () => {
  const before = usedMemoryBytes();
  const held = new Uint8Array(50_000_000).fill(1);
  ok(usedMemoryBytes() > before + 40_000_000);
  equal(held.length, 50_000_000);
});
