/**
 * How much memory the values of a program take.
 *
 * @module
 */

/** The bytes that are in use after a collection of garbage. The program runs with `--expose-gc`. */
export async function usedBytes(): Promise<number> {
  for (let round = 0; round < 4; round++) {
    (globalThis as unknown as { gc(): void }).gc();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
