/**
 * Guards callbacks of the runtime. An error thrown in a callback of a socket or a timer would end the
 * process with all connections; guarded, it ends one.
 *
 * @module
 */

/**
 * Makes a callback that never throws: an error of `callback` goes to `onFault`, which logs it and ends
 * its connection. An error of `onFault` itself is dropped.
 */
export function guarded<Arguments extends readonly unknown[]>(
  callback: (...values: Arguments) => unknown,
  onFault: (error: unknown) => unknown,
): (...values: Arguments) => void {
  return (...values) => {
    try {
      callback(...values);
    } catch (error) {
      try {
        onFault(error);
      } catch {
        // There is nobody left to report it to.
      }
    }
  };
}
