/**
 * A signature worker that dies of a batch starting with the byte 0xdd.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import { verifyPacked } from "../../src/signatures/verify_batch.ts";
import type { ToVerifyWorker } from "../../src/signatures/verify_worker.ts";

self.onmessage = ({ data }: MessageEvent<ToVerifyWorker>) => {
  if ("engine" in data) return;
  if (data.packed[0] === 0xdd) throw new Error("poisoned");
  self.postMessage(verifyPacked(data.packed, nobleEngine));
};
