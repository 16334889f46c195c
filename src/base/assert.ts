/**
 * Assertions. They are the only thing in the core that throws: a peer's fault is a value with a
 * reason, and a broken invariant of our own is a bug.
 *
 * @module
 */

/** An invariant of this program does not hold. Never thrown for anything that a peer can send. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant";
}

/** Asserts what must be true here whatever a peer does. */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new BrokenInvariant(invariant);
}

/**
 * Marks a branch that the type checker has proved unreachable: a new member of the union does not
 * compile here.
 */
export function unreachable(value: never): never {
  throw new BrokenInvariant(`unreachable value: ${JSON.stringify(value)}`);
}
