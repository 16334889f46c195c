import { deepEqual, equal, rejects } from "node:assert/strict";
import { chooseEngine, loadEngine } from "../../src/signatures/signature_engine.ts";
import { loadNativeEngine } from "../../src/signatures/signature_native.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { signatureHolds } from "../../src/nostr/signature.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const native = loadNativeEngine();
const nativeNames = "fault" in native ? [] : ["native"] as const;
if (!("fault" in native)) native.close();

/** A path where no library is. */
const NOWHERE = "/nowhere/libsecp256k1.so";

for (const name of ["noble", "wasm", ...nativeNames] as const) {
  Deno.test(`${name} is loaded by its name and chosen by it`, async () => {
    const loaded = await loadEngine(name);
    equal(loaded.name, name);
    loaded.close();
    const chosen = await chooseEngine({ engine: name }, silentLog);
    equal(chosen.name, name);
    chosen.close();
  });
}

Deno.test("auto takes the fastest that works: native where the library is, else wasm", async () => {
  const engine = await chooseEngine({ engine: "auto" }, silentLog);
  equal(engine.name, nativeNames[0] ?? "wasm");
  engine.close();
});

Deno.test("native that cannot be loaded is an error that says why and how to install it", async () => {
  const choice = { engine: "native", library: NOWHERE } as const;
  await rejects(chooseEngine(choice, silentLog), /\/nowhere\/libsecp256k1\.so.*apt install/);
});

Deno.test("auto continues without a named library that is missing, and warns", async () => {
  const warnings: unknown[] = [];
  const log: Log = { ...silentLog, warn: (_, fields) => warnings.push(fields?.engine) };
  const engine = await chooseEngine({ engine: "auto", library: NOWHERE }, log);
  equal(engine.name, "wasm");
  deepEqual(warnings, ["native"]);
  engine.close();
});

Deno.test("the chosen engine tells valid signatures from invalid ones", async () => {
  const engine = await chooseEngine({ engine: "auto" }, silentLog);
  const note = new SchnorrSigner(new SeededRandom(1))
    .sign({ created_at: 1, kind: 1, tags: [], content: "" });
  equal(signatureHolds(note, engine), true);
  equal(signatureHolds({ ...note, id: note.pubkey }, engine), false);
  engine.close();
});
