/**
 * Validates UTF-8 that arrives in pieces.
 *
 * A text message may be cut anywhere, also inside a character. The validator keeps what the next byte
 * is allowed to be, so that a fragment is judged when it arrives and not when the message ends: a peer
 * cannot make us hold half a megabyte that was wrong from its first byte. It keeps no text; decoding
 * happens once, when the message is whole.
 *
 * @see RFC 6455 §8.1
 * @see RFC 3629 §4
 * @module
 */

/** Judges one text, piece by piece. */
export class Utf8Validator {
  /** Continuation bytes that the character at the end still needs. */
  #missing = 0;
  /** The bounds of the next continuation byte, narrower than usual after some lead bytes. */
  #lowest = 0x80;
  #highest = 0xbf;

  /** Whether the text may end here: no character is left half sent. */
  get complete(): boolean {
    return this.#missing === 0;
  }

  /** Says false as soon as the text cannot be UTF-8 any more, whatever follows. */
  push(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      at++;
      if (this.#missing > 0) {
        if (byte < this.#lowest || byte > this.#highest) return false;
        this.#missing--;
        this.#lowest = 0x80;
        this.#highest = 0xbf;
      } else if (byte >= 0x80) {
        if (!this.#lead(byte)) return false;
      }
    }
    return true;
  }

  /** Makes the validator as new, for the next message. */
  reset(): void {
    this.#missing = 0;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
  }

  /**
   * Takes the first byte of a character of two bytes or more. The narrowed bounds rule out what has a
   * shorter form (after E0 and F0), surrogates (after ED), and what lies beyond U+10FFFF (after F4).
   */
  #lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false;
    this.#missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    if (byte === 0xe0) this.#lowest = 0xa0;
    else if (byte === 0xed) this.#highest = 0x9f;
    else if (byte === 0xf0) this.#lowest = 0x90;
    else if (byte === 0xf4) this.#highest = 0x8f;
    return true;
  }
}
