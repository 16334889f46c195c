/**
 * Reading that can be called off.
 *
 * @module
 */

/**
 * What `readable` gives, until it ends or `stop` aborts. A read that waits when that happens is given
 * up, so a command that reads from a silent terminal can still be stopped. The stream is cancelled when
 * the reader stops early.
 */
export async function* readUntil(
  readable: ReadableStream<Uint8Array>,
  stop: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  stop.addEventListener("abort", cancel);
  try {
    if (stop.aborted) return;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    stop.removeEventListener("abort", cancel);
    cancel();
  }
}
