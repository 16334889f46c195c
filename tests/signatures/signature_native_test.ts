import { equal, match, ok, throws } from "node:assert/strict";
import { loadNativeEngine, usualPlaces } from "../../src/signatures/signature_native.ts";
import { signatureHolds } from "../../src/nostr/signature.ts";
import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { testSignatureEngine } from "./signature_engine_suite.ts";

const engine = loadNativeEngine();

if ("fault" in engine) {
  Deno.test.ignore(`not run here: the suite of the native engine, ${engine.fault}`, () => {});
} else {
  testSignatureEngine(engine, { anyLength: false });

  Deno.test("NIP01-03: native agrees with noble on signatures, of this event and of others", () => {
    const events = generateEvents(new SeededRandom(5), 20, { signed: true, authors: 4 });
    for (const [place, event] of events.entries()) {
      const other = events[(place + 1) % events.length]!;
      for (const mixed of [event, { ...event, sig: other.sig }, { ...event, id: other.id }]) {
        equal(signatureHolds(mixed, engine), signatureHolds(mixed, nobleEngine));
      }
    }
  });

  Deno.test("native agrees with noble on signatures with one bit flipped", () => {
    const random = new SeededRandom(6);
    const [event] = generateEvents(random, 1, { signed: true });
    const parts = [event!.sig, event!.id, event!.pubkey].map((hex) => Uint8Array.fromHex(hex));
    for (let i = 0; i < 30; i++) {
      const [sig, id, pubkey] = parts.map((bytes) => bytes.slice());
      random.pick([sig!, id!, pubkey!])[random.int(32)]! ^= 1 << random.int(8);
      equal(engine.verify(sig!, id!, pubkey!), nobleEngine.verify(sig!, id!, pubkey!));
    }
  });

  Deno.test("two engines on one thread are independent", () => {
    const second = loadNativeEngine(engine.library);
    ok("verify" in second);
    second.close();
    second.close();
    throws(() => second.verify(new Uint8Array(64), new Uint8Array(32), new Uint8Array(32)));
    const [event] = generateEvents(new SeededRandom(7), 1, { signed: true });
    equal(signatureHolds(event!, engine), true);
  });
}

Deno.test("a library that does not exist is a fault that names it", () => {
  const loaded = loadNativeEngine("/nowhere/libsecp256k1.so");
  ok("fault" in loaded);
  match(loaded.fault, /\/nowhere\/libsecp256k1\.so/);
});

Deno.test("a file that is no library is a fault that names it", () => {
  const file = new URL(import.meta.url).pathname;
  const loaded = loadNativeEngine(file);
  ok("fault" in loaded);
  match(loaded.fault, /signature_native_test\.ts/);
});

Deno.test({
  name: "without the permission for foreign functions the fault says so, and nobody is asked",
  permissions: { ffi: false },
  fn() {
    const loaded = loadNativeEngine();
    ok("fault" in loaded);
    match(loaded.fault, /--allow-ffi/);
  },
});

Deno.test("the newest version is looked for first, and Homebrew before the system on macOS", () => {
  equal(usualPlaces("linux")[0], "libsecp256k1.so.6");
  equal(usualPlaces("freebsd").length, usualPlaces("linux").length);
  equal(usualPlaces("windows")[0], "libsecp256k1-6.dll");
  equal(usualPlaces("darwin")[0], "/opt/homebrew/lib/libsecp256k1.dylib");
});
