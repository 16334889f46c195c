/**
 * Waits for one's turn, or until a signal is aborted.
 *
 * @module
 */

/**
 * Resolves when `admit` is called. Rejects with the signal's reason when it is aborted before.
 *
 * @param line takes a place in a line, and returns a function that leaves it, which says whether the
 * place was still there: whoever was admitted is not rejected any more
 */
export async function turn(
  signal: AbortSignal | undefined,
  line: (admit: () => void) => () => boolean,
): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = line(resolve);
  const giveUp = () => {
    if (leave()) reject(signal?.reason);
  };
  signal?.addEventListener("abort", giveUp);
  try {
    await promise;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}
