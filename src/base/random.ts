/**
 * Randomness as a parameter.
 *
 * @module
 */

/** A source of random bytes: the operating system's, or in tests one with a seed. */
export interface Random {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}
