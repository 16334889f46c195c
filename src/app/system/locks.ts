/**
 * Locks that threads hold, by name. The runtime has them, its types have not.
 *
 * @see https://www.w3.org/TR/web-locks/
 * @module
 */

declare global {
  /** What the runtime tells of itself. */
  interface Navigator {
    /** The locks of all threads of the process. */
    readonly locks: {
      /** Waits for the lock, holds it until `work` is done, and gives what that gave. */
      request<Given>(name: string, work: () => Given | Promise<Given>): Promise<Given>;
    };
  }
}

/** Takes a lock for as long as this thread lives. Resolves when it is held. */
export function holdLock(name: string): Promise<void> {
  return new Promise((resolve) => {
    void navigator.locks.request(name, () => {
      resolve();
      return new Promise(() => {});
    });
  });
}

/** Resolves when no thread holds the lock, or waits for it, any more. */
export async function lockReleased(name: string): Promise<void> {
  await navigator.locks.request(name, () => {});
}
