/**
 * Assertions: the only thing in the core that throws. A peer's fault is a value with a reason; a
 * broken invariant of our own stops the work that relied on it, loudly.
 *
 * @module
 */

/** One of our own invariants does not hold. Never raised for anything that a peer can send. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant";
}

/**
 * States what must be true here whatever a peer does.
 *
 * @example
 * ```ts
 * import { assert } from "./assert.ts";
 *
 * const queued = [1, 2, 3];
 * assert(queued.length <= 4, "queue within its capacity");
 * ```
 */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new BrokenInvariant(invariant);
}

/**
 * Marks a branch the type checker has proved empty: a new member of the union fails to compile here.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { unreachable } from "./assert.ts";
 *
 * function sign(side: "left" | "right"): number {
 *   switch (side) {
 *     case "left":
 *       return -1;
 *     case "right":
 *       return 1;
 *     default:
 *       return unreachable(side);
 *   }
 * }
 * equal(sign("left"), -1);
 * ```
 */
export function unreachable(value: never): never {
  throw new BrokenInvariant(`unreachable value: ${JSON.stringify(value)}`);
}
