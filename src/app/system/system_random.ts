/**
 * Random bytes of the operating system.
 *
 * @module
 */

import type { Random } from "../../base/random.ts";

/** The most bytes that one call of `crypto.getRandomValues` fills. */
const QUOTA_BYTES = 65_536;

/** Cryptographically secure random bytes. */
export const systemRandom: Random = {
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let start = 0; start < length; start += QUOTA_BYTES) {
      crypto.getRandomValues(bytes.subarray(start, start + QUOTA_BYTES));
    }
    return bytes;
  },
};
