/**
 * BIP-340 verification by the system's libsecp256k1, called through FFI: several times as fast as
 * the same library compiled to WebAssembly.
 *
 * @see BIP-340
 * @module
 */

import { assert } from "../base/assert.ts";
import { messageOf } from "../base/error_text.ts";
import {
  ID_BYTES,
  PUBKEY_BYTES,
  SIGNATURE_BYTES,
  type SignatureEngine,
} from "../nostr/signature.ts";

/** An engine that holds a library until it is closed. */
export interface NativeEngine extends SignatureEngine {
  /** The name or path of the library that was loaded. */
  readonly library: string;
  /** Unloads the library. Must not be used afterwards. Idempotent. */
  close(): void;
}

/** Why there is no native engine here. */
interface NativeFault {
  /** One sentence without a full stop, for the log. */
  readonly fault: string;
}

/**
 * Loads libsecp256k1 from the path `library`, or if that is empty from the usual places. Never
 * throws, and never prompts for a permission.
 *
 * Each thread that calls this has a context of its own; the library's code is shared.
 *
 * @see BIP-340 "Verification"
 */
export function loadNativeEngine(library = ""): NativeEngine | NativeFault {
  const candidates = library === "" ? usualPlaces(Deno.build.os) : [library];
  const faults: string[] = [];
  for (const candidate of candidates) {
    const opened = openLibrary(candidate);
    if ("fault" in opened) {
      faults.push(opened.fault);
      continue;
    }
    const engine = engineOf(opened, candidate);
    if (engine !== undefined) return engine;
    faults.push(`${candidate} makes no context`);
  }
  return { fault: faults.find((fault) => !NOT_THERE.test(fault)) ?? `no ${candidates.join(", ")}` };
}

/**
 * Where an operating system keeps the library, newest version first. The system searches for a name
 * without a directory.
 */
export function usualPlaces(os: typeof Deno.build.os): readonly string[] {
  if (os === "windows") return WINDOWS_NAMES;
  if (os === "darwin") return DARWIN_PLACES;
  return ELF_NAMES;
}

const WINDOWS_NAMES = [6, 5, 2, 1, 0].map((version) => `libsecp256k1-${version}.dll`);
/** Homebrew on Apple silicon, Homebrew on Intel, and the system's search. */
const DARWIN_PLACES = ["/opt/homebrew/lib/", "/usr/local/lib/", ""]
  .map((directory) => `${directory}libsecp256k1.dylib`);
const ELF_NAMES = [".6", ".5", ".2", ".1", ".0", ""]
  .map((version) => `libsecp256k1.so${version}`);

/** The error for a missing file, as opposed to an unusable one. */
const NOT_THERE = /no such file|cannot open shared object|cannot find|could not be found/i;

const SYMBOLS = {
  secp256k1_context_create: { parameters: ["u32"], result: "pointer" },
  secp256k1_context_destroy: { parameters: ["pointer"], result: "void" },
  secp256k1_xonly_pubkey_parse: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  secp256k1_schnorrsig_verify: {
    parameters: ["pointer", "buffer", "buffer", "usize", "buffer"],
    result: "i32",
  },
  // Never called. It was added together with the length parameter of `schnorrsig_verify`; an older
  // library would take the length for the address of the key.
  secp256k1_schnorrsig_sign_custom: { parameters: [], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

/** Newer versions need no flag and still accept this one. */
const SECP256K1_CONTEXT_VERIFY = 0x101;

/** The length of the message, as a C `size_t`. */
const MESSAGE_LENGTH = BigInt(ID_BYTES);

/** The size of the opaque `secp256k1_xonly_pubkey`. */
const PARSED_KEY_BYTES = 64;

function openLibrary(path: string): Library | NativeFault {
  // With any other state, `dlopen` would prompt where there is a terminal.
  if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") {
    return { fault: `no permission to load ${path} (--allow-ffi)` };
  }
  try {
    return Deno.dlopen(path, SYMBOLS);
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

function engineOf(opened: Library, library: string): NativeEngine | undefined {
  const { symbols } = opened;
  let context = symbols.secp256k1_context_create(SECP256K1_CONTEXT_VERIFY);
  if (context === null) {
    opened.close();
    return undefined;
  }
  const key = new Uint8Array(PARSED_KEY_BYTES);
  return {
    name: "native",
    library,
    verify(sig, id, pubkey) {
      assert(context !== null, "a closed library is not called");
      if (sig.length !== SIGNATURE_BYTES) return false;
      if (id.length !== ID_BYTES || pubkey.length !== PUBKEY_BYTES) return false;
      return symbols.secp256k1_xonly_pubkey_parse(context, key, pubkey) === 1 &&
        symbols.secp256k1_schnorrsig_verify(context, sig, id, MESSAGE_LENGTH, key) === 1;
    },
    close() {
      if (context === null) return;
      symbols.secp256k1_context_destroy(context);
      context = null;
      opened.close();
    },
  };
}
