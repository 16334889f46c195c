import { deepEqual, equal, rejects } from "node:assert/strict";
import { createVerifier } from "../../src/app/verifier.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const note = new SchnorrSigner(new SeededRandom(1))
  .sign({ created_at: 1, kind: 1, tags: [], content: "" });

for (const workers of [0, 1, 2]) {
  Deno.test(`with ${workers} workers signatures are checked`, async () => {
    const verifier = await createVerifier({ engine: "auto", workers }, silentLog);
    equal(await verifier.verify(note), true);
    equal(await verifier.verify({ ...note, id: note.pubkey }), false);
    verifier.close();
  });
}

Deno.test("the choice is logged", async () => {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, info: (message, fields) => lines.push([message, fields]) };
  (await createVerifier({ engine: "noble", workers: 3 }, log)).close();
  deepEqual(lines, [["signature engine chosen", { engine: "noble", workers: 3 }]]);
});

Deno.test("a closed pool checks nothing any more", async () => {
  const verifier = await createVerifier({ engine: "noble", workers: 1 }, silentLog);
  verifier.close();
  await rejects(verifier.verify(note), /closed/);
});
