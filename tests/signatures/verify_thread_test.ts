import { deepEqual, equal } from "node:assert/strict";
import { loadNativeEngine } from "../../src/signatures/signature_native.ts";
import { CHECK_BYTES, packChecks } from "../../src/signatures/verify_batch.ts";
import { threadStarter, type VerifyThreadEvents } from "../../src/signatures/verify_thread.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

/** Events of a thread, as things to wait for. */
function listener() {
  const answered = Promise.withResolvers<Uint8Array>();
  const died = Promise.withResolvers<string>();
  const events: VerifyThreadEvents = { answered: answered.resolve, died: died.resolve };
  return { answered: answered.promise, died: died.promise, events };
}

const native = loadNativeEngine();
const nativeNames = "fault" in native ? [] : ["native"] as const;
if (!("fault" in native)) native.close();

for (const engine of ["noble", "wasm", ...nativeNames] as const) {
  Deno.test(`a thread with the engine ${engine} answers a batch`, async () => {
    const note = new SchnorrSigner(new SeededRandom(1))
      .sign({ created_at: 1, kind: 1, tags: [], content: "" });
    const { answered, events } = listener();
    const thread = threadStarter(engine)(events);
    thread.check(packChecks([note, { ...note, id: note.pubkey }]));
    deepEqual([...await answered], [1, 0]);
    thread.end();
  });
}

Deno.test("the death of a thread is reported and does not end the process", async () => {
  const script = new URL("../kit/deadly_verify_worker.ts", import.meta.url);
  const { died, events } = listener();
  const thread = threadStarter("noble", { script })(events);
  thread.check(new Uint8Array(CHECK_BYTES).fill(0xdd));
  equal((await died).includes("poisoned"), true);
});
