/**
 * Inflates the first messages of a connection.
 *
 * @module
 */

import { constants, inflateRawSync } from "node:zlib";
import { concat } from "../../src/base/bytes.ts";

/** The end of a flushed block, which a message is sent without. */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
const MAX_BYTES = 1_048_576;

/**
 * All compressed messages so far are inflated again for each, since each may refer to what came
 * before: for the few until the EOSE only.
 *
 * @see RFC 7692 §7.2.2
 */
export class InflatedTexts {
  #compressed = new Uint8Array(0);
  #inflatedBytes = 0;

  /** The payload, inflated; empty if that cannot be done. */
  read(payload: Uint8Array, isCompressed: boolean): Uint8Array {
    if (!isCompressed) return payload;
    if (this.#compressed.length > MAX_BYTES) return new Uint8Array(0);
    this.#compressed = concat([this.#compressed, payload, TAIL]);
    try {
      const all = inflateRawSync(this.#compressed, {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: MAX_BYTES,
      });
      const text = new Uint8Array(all.subarray(this.#inflatedBytes));
      this.#inflatedBytes = all.length;
      return text;
    } catch {
      return new Uint8Array(0);
    }
  }
}
