/**
 * The relay as a library.
 *
 * @module
 */

/** Makes a relay for a host program. */
export function createRelay(): never {
  throw new Error("the relay is not wired yet");
}
