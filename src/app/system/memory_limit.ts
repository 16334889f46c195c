/**
 * Determines how much memory the process may use, and how much it uses.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";

/** The share of the machine's memory; database and system need the rest. */
const MACHINE_SHARE = 0.5;

/** The share of V8's heap limit, at which V8 aborts the process. */
const HEAP_SHARE = 0.75;

const MB = 1024 * 1024;

/**
 * The memory limit in bytes: the setting, or for 0 a share of the machine's memory; never more than
 * the heap limit allows.
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
    // Without `--allow-sys` only V8's heap limit applies.
    return Infinity;
  }
}

/** Memory in use, bytes: the heap and external buffers. */
export function usedMemoryBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
