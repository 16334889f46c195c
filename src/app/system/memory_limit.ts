/**
 * How much memory the process may use.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";

/** Of the machine's memory; the database and the system need the rest. */
const MACHINE_SHARE = 0.5;

/** Of what the engine allows its heap, at whose end it ends the process. */
const HEAP_SHARE = 0.75;

const MB = 1024 * 1024;

/**
 * The bound in bytes: what the setting says, but never what the engine's own bound would not let it
 * reach; 0 for what suits the machine.
 */
export function memoryLimitBytes(maxMemoryMb: number): number {
  const heap = HEAP_SHARE * getHeapStatistics().heap_size_limit;
  const wanted = maxMemoryMb > 0 ? maxMemoryMb * MB : MACHINE_SHARE * machineBytes();
  return Math.min(wanted, heap);
}

function machineBytes(): number {
  try {
    return Deno.systemMemoryInfo().total;
  } catch {
    // Without the permission to ask, the heap's own bound is the only one.
    return Infinity;
  }
}

/**
 * What the process uses now, bytes: its heap, and buffers outside of it.
 */
export function usedMemoryBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
