/**
 * What work costs, for tests that compare two costs.
 *
 * @module
 */

/** The least of several runs, milliseconds: what the work takes when nothing else runs. */
export function costMs(work: () => void): number {
  const times = Array.from({ length: 7 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}
