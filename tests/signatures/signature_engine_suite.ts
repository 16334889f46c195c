/**
 * What every signature engine is held to.
 *
 * @see BIP-340 "Test Vectors and Reference Code"
 * @module
 */

import { equal } from "node:assert/strict";
import { hexToBytes } from "../../src/nostr/hex.ts";
import { ID_BYTES, type SignatureEngine } from "../../src/nostr/signature.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import vectors from "../vectors/bip340.json" with { type: "json" };

/** What differs between engines that are both right. */
export interface EngineTraits {
  /** Whether messages may have another length than 32 bytes; if not, all such are refused. */
  readonly anyLength: boolean;
}

/** Declares the tests that an engine passes. */
export function testSignatureEngine(engine: SignatureEngine, traits: EngineTraits): void {
  for (const vector of vectors) {
    const { index, valid, comment = "valid" } = vector;
    Deno.test(`${engine.name}: BIP-340 vector ${index}, ${comment}`, () => {
      const message = hexToBytes(vector.message);
      const expected = valid && (traits.anyLength || message.length === ID_BYTES);
      const [sig, pubkey] = [hexToBytes(vector.signature), hexToBytes(vector.publicKey)];
      equal(engine.verify(sig, message, pubkey), expected);
      // The engine keeps nothing from one check to the next.
      equal(engine.verify(sig, message, pubkey), expected);
    });
  }

  Deno.test(`${engine.name}: random bytes are no signature, and nothing is thrown`, () => {
    const random = new SeededRandom(340);
    for (let i = 0; i < 50; i++) {
      equal(engine.verify(random.bytes(64), random.bytes(32), random.bytes(32)), false);
    }
  });

  Deno.test(`${engine.name}: bytes of another length are no signature, and nothing is thrown`, () => {
    for (
      const [sig, id, pubkey] of [[63, 32, 32], [65, 32, 32], [0, 0, 0], [64, 32, 33], [64, 32, 0]]
    ) {
      equal(
        engine.verify(new Uint8Array(sig!), new Uint8Array(id!), new Uint8Array(pubkey!)),
        false,
      );
    }
    equal(
      engine.verify(new Uint8Array(64).fill(255), new Uint8Array(32), new Uint8Array(32).fill(255)),
      false,
    );
  });
}
