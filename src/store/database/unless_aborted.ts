/**
 * Waits for work until a signal is aborted.
 *
 * @module
 */

/**
 * Resolves as `work` does. When the signal is aborted first, calls `stop` and rejects with the
 * signal's reason; the result of the work is then ignored.
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  stop: () => void,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => {
    stop();
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort);
  work.then(resolve, reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
