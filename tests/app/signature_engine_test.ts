import { equal } from "node:assert/strict";
import { chooseEngine, loadEngine } from "../../src/app/signature_engine.ts";
import { silentLog } from "../../src/base/log.ts";
import { signatureHolds } from "../../src/nostr/signature.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

for (const name of ["noble", "wasm"] as const) {
  Deno.test(`${name} is loaded by its name and chosen by it`, async () => {
    equal((await loadEngine(name)).name, name);
    equal((await chooseEngine(name, silentLog)).name, name);
  });
}

Deno.test("auto takes the fastest that works", async () => {
  equal((await chooseEngine("auto", silentLog)).name, "wasm");
});

Deno.test("the chosen engine tells true signatures from false ones", async () => {
  const engine = await chooseEngine("auto", silentLog);
  const note = new SchnorrSigner(new SeededRandom(1))
    .sign({ created_at: 1, kind: 1, tags: [], content: "" });
  equal(signatureHolds(note, engine), true);
  equal(signatureHolds({ ...note, id: note.pubkey }, engine), false);
});
