/**
 * The edge between the runtime and us. What a callback of a socket or a timer throws would end the
 * process with everybody's connections; here it ends one.
 *
 * @module
 */

/**
 * A callback that never throws: what `callback` throws goes to `onFault`, which logs it and ends the
 * one connection that it was about. A fault of `onFault` itself is dropped.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { guarded } from "./guard.ts";
 *
 * const faults: unknown[] = [];
 * const onData = guarded((text: string) => JSON.parse(text), (error) => faults.push(error));
 * onData("no JSON");
 * deepEqual(faults.map((fault) => fault instanceof SyntaxError), [true]);
 * ```
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
        // Whoever ends a connection can do no more than try.
      }
    }
  };
}

/**
 * What an error says in the log.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { describeError } from "./guard.ts";
 *
 * equal(describeError("away"), "away");
 * ```
 */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
