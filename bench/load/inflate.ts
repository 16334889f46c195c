/**
 * Inflates the first messages of a connection.
 *
 * @module
 */

import { constants, inflateRawSync } from "node:zlib";
import { concat } from "../../src/base/bytes.ts";
import { storedHeaderBytes, writeStoredHeader } from "../../src/websocket/stored_block.ts";

/** The end of a flushed block, which a message is sent without. */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
/** What a message may refer back to. */
const WINDOW_BYTES = 32_768;
const MAX_BYTES = 1_048_576;

/**
 * A message may refer to those before, so the last of what they were is put in front of it, in a
 * block that holds it as it is.
 *
 * @see RFC 7692 §7.2.2
 */
export class InflatedTexts {
  #window = new Uint8Array(0);

  /** The payload, inflated; empty if that cannot be done. */
  read(payload: Uint8Array, isCompressed: boolean): Uint8Array {
    if (!isCompressed) return payload;
    const { length } = this.#window;
    const header = new Uint8Array(storedHeaderBytes);
    writeStoredHeader(header, length);
    try {
      const all = inflateRawSync(concat([header, this.#window, payload, TAIL]), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: MAX_BYTES,
      });
      this.#window = new Uint8Array(all.subarray(-WINDOW_BYTES));
      return new Uint8Array(all.subarray(length));
    } catch {
      return new Uint8Array(0);
    }
  }
}
