/**
 * Measures a signature check with each engine, and sending it to another thread: `deno bench -A
 * bench/signature_bench.ts`. Engines that this machine lacks are skipped.
 *
 * @module
 */

import { silentLog } from "../src/base/log.ts";
import { packChecks } from "../src/signatures/verify_batch.ts";
import { VerifyPool } from "../src/signatures/verify_pool.ts";
import { threadStarter } from "../src/signatures/verify_thread.ts";
import { type EngineName, loadEngine } from "../src/signatures/signature_engine.ts";
import { loadNativeEngine } from "../src/signatures/signature_native.ts";
import { signatureHolds } from "../src/nostr/signature.ts";
import { generateEvents } from "../tests/kit/event_generator.ts";
import { SeededRandom } from "../tests/kit/seeded_random.ts";

const events = generateEvents(new SeededRandom(1), 256, { signed: true });
const names: EngineName[] = ["wasm", "noble"];
if (!("fault" in loadNativeEngine())) names.unshift("native");

let next = 0;
for (const name of names) {
  const engine = await loadEngine(name);
  Deno.bench(`one check, ${name}`, { group: "check" }, () => {
    signatureHolds(events[next++ % events.length]!, engine);
  });
}

Deno.bench("pack 16 checks for another thread", { group: "pack" }, () => {
  packChecks(events.slice(0, 16));
});

for (const count of [1, 16, 256]) {
  const group = `${count} checks, ${names[0]}`;
  const batch = events.slice(0, count);
  const engine = await loadEngine(names[0]!);
  Deno.bench(`${count} checks on this thread`, { group }, () => {
    for (const event of batch) signatureHolds(event, engine);
  });
  for (const threads of [1, 2]) {
    const pool = new VerifyPool({
      start: threadStarter(names[0]!),
      threads,
      maxWaiting: 1_000,
      engine,
      log: silentLog,
    });
    Deno.bench(`${count} checks by ${threads} workers`, { group }, async () => {
      await Promise.all(batch.map((event) => pool.verify(event)));
    });
  }
}
