/**
 * The port to DEFLATE: this room decides what is compressed, and an adapter compresses it.
 *
 * @see RFC 1951
 * @module
 */

/** Deflates and inflates whole messages. No method waits, and none keeps anything between calls. */
export interface Zlib {
  /**
   * The blocks of `bytes`: none of them final, the last an empty stored one, so that they end at the
   * border of a byte, with 00 00 ff ff. No distance in them is longer than 2 ^ `windowBits`, which is
   * from 9 to 15.
   */
  deflate(bytes: Uint8Array, windowBits: number): Uint8Array;

  /**
   * What `blocks` spell. They end with a final block; a final block before that ends one stream and
   * begins another. Never makes much more than `maxBytes`: what is longer is `too big`, what is no
   * DEFLATE or lacks its end is `corrupt`.
   */
  inflate(blocks: Uint8Array, maxBytes: number): Uint8Array | "too big" | "corrupt";
}
