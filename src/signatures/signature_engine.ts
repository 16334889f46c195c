/**
 * Selects the implementation of BIP-340 for this process.
 *
 * @see BIP-340
 * @module
 */

import { assert, BrokenInvariant } from "../base/assert.ts";
import type { Log } from "../base/log.ts";
import { type SignatureEngine, signatureHolds } from "../nostr/signature.ts";
import { loadWasmEngine } from "./signature_wasm.ts";
import { loadNativeEngine, type NativeEngine } from "./signature_native.ts";

/** The engines by name. They differ in speed, not in results. */
const ENGINE_LOADERS = {
  native: nativeEngine,
  wasm: async () => ({ ...await loadWasmEngine(), close() {} }),
  // Imported late: nearly no machine needs it.
  noble: async () => ({ ...(await import("./signature_noble.ts")).nobleEngine, close() {} }),
} as const satisfies Record<string, EngineLoader>;

type EngineLoader = (library: string) => OwnedEngine | Promise<OwnedEngine>;

/** The name of an engine. */
export type EngineName = keyof typeof ENGINE_LOADERS;

/** An engine that its loader must close. */
export interface OwnedEngine extends SignatureEngine {
  /** Releases its resources. Must not be used afterwards. Idempotent. */
  close(): void;
}

/** The engine in the settings. */
export interface EngineChoice {
  readonly engine: EngineName | "auto";
  /** The path of the library for `native`. Empty or absent: searched for. */
  readonly library?: string;
}

/** What `auto` tries before `noble`, which has no requirements; fastest first. */
const FASTER_ENGINES: readonly EngineName[] = ["native", "wasm"];

/** A valid signature for the self-test; with any other id it is invalid. */
const KNOWN_SIGNATURE = {
  id: "1868e8ad4ca66b7a9bb6ddaaecde6e5cc5d11682e87abb650a6ce8853854ef05",
  pubkey: "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
  sig: "6872b2f57d520f473d534b83df22dc919eb5a45c397799fc8c1ffc69883f5d6e" +
    "446408b11d46c39f571959c6091c1f11aba36683973db37108d69f0b3cdfb50b",
};

/**
 * Loads the engine called `name`. Every thread loads its own. `library` is the path of the library
 * for `native`; if empty it is searched for.
 *
 * @throws Error when this runtime cannot run it.
 */
export async function loadEngine(name: EngineName, library = ""): Promise<OwnedEngine> {
  return await ENGINE_LOADERS[name](library);
}

/**
 * Loads the engine in the settings; for `auto`, the fastest one that loads and passes the
 * self-test. An engine chosen by name has no fallback.
 *
 * @throws Error when the engine asked for cannot be loaded; BrokenInvariant when it gives wrong
 *   answers.
 */
export async function chooseEngine(
  { engine: wanted, library = "" }: EngineChoice,
  log: Log,
): Promise<OwnedEngine & { readonly name: EngineName }> {
  if (wanted !== "auto") return { ...await testedEngine(wanted, library), name: wanted };
  for (const name of FASTER_ENGINES) {
    try {
      return { ...await testedEngine(name, library), name };
    } catch (error) {
      // Most machines have no library, which is only a fault if the settings name one.
      const harmless = name === "native" && library === "" && !(error instanceof BrokenInvariant);
      log[harmless ? "info" : "warn"]("signature engine unusable", {
        engine: name,
        error: String(error),
      });
    }
  }
  return { ...await testedEngine("noble", library), name: "noble" };
}

async function testedEngine(name: EngineName, library: string): Promise<OwnedEngine> {
  const engine = await loadEngine(name, library);
  try {
    assert(signatureHolds(KNOWN_SIGNATURE, engine), `${name} accepts a true signature`);
    const forged = { ...KNOWN_SIGNATURE, id: KNOWN_SIGNATURE.pubkey };
    assert(!signatureHolds(forged, engine), `${name} refuses a false signature`);
    return engine;
  } catch (error) {
    engine.close();
    throw error;
  }
}

function nativeEngine(library: string): NativeEngine {
  const loaded = loadNativeEngine(library);
  if (!("fault" in loaded)) return loaded;
  throw new Error(`${loaded.fault}. ${HOW_TO_INSTALL}`);
}

const HOW_TO_INSTALL = "libsecp256k1 is in most systems' packages: " +
  "apt install libsecp256k1-1 (Debian 12), libsecp256k1-2 (Debian 13), brew install secp256k1";
