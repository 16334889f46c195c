/**
 * Waiting that can be called off.
 *
 * @module
 */

/**
 * What `work` resolves to; the signal's reason as soon as that is aborted, after `stop` was called. Work
 * that goes on all the same is nobody's concern any more, however it ends.
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
