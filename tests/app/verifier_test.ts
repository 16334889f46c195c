import { deepEqual, equal, rejects } from "node:assert/strict";
import { createVerifier, workersFor } from "../../src/app/verifier.ts";
import { AUTOMATIC_WORKERS } from "../../src/app/settings/sections/signatures.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const note = new SchnorrSigner(new SeededRandom(1))
  .sign({ created_at: 1, kind: 1, tags: [], content: "" });

for (const workers of [AUTOMATIC_WORKERS, 0, 1, 2]) {
  Deno.test(`with ${workers} workers signatures are checked`, async () => {
    const verifier = await createVerifier({ engine: "auto", library: "", workers }, silentLog);
    equal(await verifier.verify(note), true);
    equal(await verifier.verify({ ...note, id: note.pubkey }), false);
    verifier.close();
  });
}

/** What the log says about a verifier that is made with so many workers. */
async function logged(workers: number): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, info: (message, fields) => lines.push([message, fields]) };
  (await createVerifier({ engine: "noble", library: "", workers }, log)).close();
  return lines;
}

Deno.test("the choice is logged", async () => {
  deepEqual(await logged(3), [["signature engine chosen", { engine: "noble", workers: 3 }]]);
});

Deno.test("what the automatic number came to is logged", async () => {
  const workers = workersFor("noble", navigator.hardwareConcurrency);
  deepEqual(await logged(AUTOMATIC_WORKERS), [
    ["signature engine chosen", { engine: "noble", workers }],
  ]);
});

Deno.test("native takes a worker where a core is left for it, the slower engines all cores but one", () => {
  deepEqual([1, 2, 3, 64].map((cores) => workersFor("native", cores)), [0, 0, 1, 1]);
  for (const engine of ["wasm", "noble"] as const) {
    deepEqual([1, 2, 3, 64].map((cores) => workersFor(engine, cores)), [1, 1, 2, 4]);
  }
});

for (const workers of [0, 1]) {
  Deno.test(`a closed verifier with ${workers} workers checks nothing any more`, async () => {
    const verifier = await createVerifier({ engine: "noble", library: "", workers }, silentLog);
    verifier.close();
    verifier.close();
    await rejects(verifier.verify(note), /closed/);
  });
}
