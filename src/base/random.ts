/**
 * Chance as an argument.
 *
 * @module
 */

/** A source of unpredictable bytes. Real ones come from the operating system; tests pass a seed. */
export interface Random {
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}
