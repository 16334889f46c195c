/**
 * The thread that checks signatures. It is started by `verify_thread.ts`, told the name of an engine,
 * and from then on answers each batch of packed checks in the order in which they come.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import type { SignatureEngine } from "../nostr/signature.ts";
import { type EngineName, loadEngine } from "./signature_engine.ts";
import { verifyPacked } from "./verify_batch.ts";

/** What the thread is told: first the engine, then batches. */
export type ToVerifyWorker =
  | { readonly engine: EngineName; readonly library: string }
  | { readonly packed: Uint8Array };

let engine: Promise<SignatureEngine> | undefined;

self.onmessage = async ({ data }: MessageEvent<ToVerifyWorker>) => {
  if ("engine" in data) {
    engine = loadEngine(data.engine, data.library);
    return;
  }
  const loaded = await engine;
  if (loaded === undefined) throw new Error("the engine is named before the first batch");
  self.postMessage(verifyPacked(data.packed, loaded));
};
