/**
 * Which implementation of BIP-340 this process uses.
 *
 * @see BIP-340
 * @module
 */

import { assert } from "../base/assert.ts";
import type { Log } from "../base/log.ts";
import { type SignatureEngine, signatureHolds } from "../nostr/signature.ts";
import { nobleEngine } from "../nostr/signature_noble.ts";
import { loadWasmEngine } from "../nostr/signature_wasm.ts";

/** The engines by name. What they cost differs, what they say does not. */
const ENGINE_LOADERS = {
  wasm: loadWasmEngine,
  noble: () => Promise.resolve(nobleEngine),
} as const;

/** The name of an engine. */
export type EngineName = keyof typeof ENGINE_LOADERS;

/** The engines that `auto` tries, fastest first. The last one needs nothing and always works. */
const FASTEST_FIRST: readonly EngineName[] = ["wasm", "noble"];

/** A signature that holds, made for this purpose; with any other id it does not. */
const KNOWN_SIGNATURE = {
  id: "1868e8ad4ca66b7a9bb6ddaaecde6e5cc5d11682e87abb650a6ce8853854ef05",
  pubkey: "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
  sig: "6872b2f57d520f473d534b83df22dc919eb5a45c397799fc8c1ffc69883f5d6e" +
    "446408b11d46c39f571959c6091c1f11aba36683973db37108d69f0b3cdfb50b",
};

/**
 * Loads the engine called `name`. Every thread loads its own.
 *
 * @throws Error when this runtime cannot run it.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { loadEngine } from "./signature_engine.ts";
 *
 * equal((await loadEngine("noble")).name, "noble");
 * ```
 */
export function loadEngine(name: EngineName): Promise<SignatureEngine> {
  return ENGINE_LOADERS[name]();
}

/**
 * Loads the engine that the settings ask for, or for `auto` the fastest that loads and tells a true
 * signature from a false one. An engine that was asked for by name has no stand-in.
 *
 * @throws Error when the engine asked for cannot be loaded; BrokenInvariant when it gives wrong answers.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { silentLog } from "../base/log.ts";
 * import { chooseEngine } from "./signature_engine.ts";
 *
 * equal((await chooseEngine("noble", silentLog)).name, "noble");
 * ```
 */
export async function chooseEngine(
  wanted: EngineName | "auto",
  log: Log,
): Promise<SignatureEngine & { readonly name: EngineName }> {
  if (wanted !== "auto") return { ...await testedEngine(wanted), name: wanted };
  for (const name of FASTEST_FIRST.slice(0, -1)) {
    try {
      return { ...await testedEngine(name), name };
    } catch (error) {
      log.warn("signature engine unusable", { engine: name, error: String(error) });
    }
  }
  return { ...await testedEngine("noble"), name: "noble" };
}

async function testedEngine(name: EngineName): Promise<SignatureEngine> {
  const engine = await loadEngine(name);
  assert(signatureHolds(KNOWN_SIGNATURE, engine), `${name} accepts a true signature`);
  const forged = { ...KNOWN_SIGNATURE, id: KNOWN_SIGNATURE.pubkey };
  assert(!signatureHolds(forged, engine), `${name} refuses a false signature`);
  return engine;
}
