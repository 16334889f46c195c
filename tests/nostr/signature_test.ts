import { equal } from "node:assert/strict";
import { eventId } from "../../src/nostr/event_id.ts";
import { isHex } from "../../src/nostr/hex.ts";
import { signatureHolds } from "../../src/nostr/signature.ts";
import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import { loadWasmEngine } from "../../src/signatures/signature_wasm.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import vectors from "../vectors/nip01.json" with { type: "json" };

const engines = [nobleEngine, await loadWasmEngine()];

for (const engine of engines) {
  Deno.test(`NIP01-01, NIP01-03: ${engine.name} judges the signed vectors as they were made`, () => {
    for (const { name, event, expect_valid } of vectors) {
      const lower = isHex(event.id, 64);
      const valid = lower && eventId(event) === event.id && signatureHolds(event, engine);
      equal(valid, expect_valid, name);
    }
  });

  Deno.test(`NIP01-03: ${engine.name} refuses another's signature and another event's`, () => {
    const [a, b] = generateEvents(new SeededRandom(3), 2, { signed: true, authors: 2 });
    equal(signatureHolds(a!, engine), true);
    equal(signatureHolds({ ...a!, sig: b!.sig }, engine), false);
    equal(signatureHolds({ ...a!, id: b!.id }, engine), false);
  });
}

Deno.test("both engines agree on signatures with one bit turned", () => {
  const random = new SeededRandom(4);
  const [event] = generateEvents(random, 1, { signed: true });
  const parts = [event!.sig, event!.id, event!.pubkey].map((hex) => Uint8Array.fromHex(hex));
  for (let i = 0; i < 30; i++) {
    const [sig, id, pubkey] = parts.map((bytes) => bytes.slice());
    random.pick([sig!, id!, pubkey!])[random.int(32)]! ^= 1 << random.int(8);
    for (const engine of engines) equal(engine.verify(sig!, id!, pubkey!), false, engine.name);
  }
});

Deno.test("parts of another length are no signature, whatever was checked before", () => {
  const [event] = generateEvents(new SeededRandom(9), 1, { signed: true });
  for (const engine of engines) {
    equal(signatureHolds(event!, engine), true);
    for (const field of ["sig", "id", "pubkey"] as const) {
      for (const text of ["", event![field].slice(2), event![field] + "00"]) {
        equal(signatureHolds({ ...event!, [field]: text }, engine), false);
      }
    }
  }
});
