/**
 * The worker that verifies signatures. `verify_thread.ts` starts it and sends the name of an
 * engine, then batches of packed checks, which it answers in order.
 *
 * @module
 */

import type { SignatureEngine } from "../nostr/signature.ts";
import { type EngineName, loadEngine } from "./signature_engine.ts";
import { verifyPacked } from "./verify_batch.ts";

/** The messages to the worker: first the engine, then batches. */
export type ToVerifyWorker =
  | { readonly engine: EngineName; readonly library: string }
  | { readonly packed: Uint8Array };

/** What is global in a worker. `lib="deno.worker"` would declare it for whoever imports the package. */
interface WorkerScope {
  onmessage: (event: MessageEvent<ToVerifyWorker>) => Promise<void>;
  postMessage(answers: Uint8Array): void;
}

const scope = globalThis as unknown as WorkerScope;

let engine: Promise<SignatureEngine> | undefined;

scope.onmessage = async ({ data }) => {
  if ("engine" in data) {
    engine = loadEngine(data.engine, data.library);
    return;
  }
  const loaded = await engine;
  if (loaded === undefined) throw new Error("the engine is named before the first batch");
  scope.postMessage(verifyPacked(data.packed, loaded));
};
