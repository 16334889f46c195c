import { deepEqual, equal, rejects } from "node:assert/strict";
import { createVerifier, workersFor } from "../../src/app/verifier.ts";
import { AUTOMATIC_WORKERS } from "../../src/app/settings/sections/signatures.ts";
import { settingsWith } from "../../src/app/settings/setting_list.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { EngineName } from "../../src/signatures/signature_engine.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

/** Settings with so many workers. */
function withWorkers(
  engine: "auto" | "noble",
  workers: number,
): Parameters<typeof createVerifier>[0] {
  const settings = settingsWith(new Map());
  return { ...settings, signatures: { engine, library: "", workers } };
}
const note = new SchnorrSigner(new SeededRandom(1))
  .sign({ created_at: 1, kind: 1, tags: [], content: "" });

for (const workers of [AUTOMATIC_WORKERS, 0, 1, 2]) {
  Deno.test(`with ${workers} workers signatures are checked`, async () => {
    const verifier = await createVerifier(withWorkers("auto", workers), silentLog);
    equal(await verifier.verify(note), true);
    equal(await verifier.verify({ ...note, id: note.pubkey }), false);
    verifier.close();
  });
}

/** What the log says about a verifier that is made with so many workers. */
async function logged(workers: number): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const log: Log = { ...silentLog, info: (message, fields) => lines.push([message, fields]) };
  (await createVerifier(withWorkers("noble", workers), log)).close();
  return lines;
}

Deno.test("the choice is logged", async () => {
  deepEqual(await logged(3), [["signature engine chosen", { engine: "noble", workers: 3 }]]);
});

Deno.test("what the automatic number came to is logged", async () => {
  const workers = workersFor("noble", {
    cores: navigator.hardwareConcurrency,
    hasDatabase: true,
  });
  deepEqual(await logged(AUTOMATIC_WORKERS), [
    ["signature engine chosen", { engine: "noble", workers }],
  ]);
});

Deno.test("native takes a worker where a core is left for it, the slower engines all cores but one", () => {
  const chosen = (engine: EngineName, hasDatabase: boolean) =>
    [1, 2, 3, 64].map((cores) => workersFor(engine, { cores, hasDatabase }));
  deepEqual(chosen("native", true), [0, 0, 1, 1]);
  deepEqual(chosen("native", false), [0, 1, 1, 1]);
  for (const engine of ["wasm", "noble"] as const) {
    for (const hasDatabase of [true, false]) {
      deepEqual(chosen(engine, hasDatabase), [1, 1, 2, 4]);
    }
  }
});

for (const workers of [0, 1]) {
  Deno.test(`a closed verifier with ${workers} workers checks nothing any more`, async () => {
    const verifier = await createVerifier(withWorkers("noble", workers), silentLog);
    verifier.close();
    verifier.close();
    await rejects(verifier.verify(note), /closed/);
  });
}
