import { loadWasmEngine } from "../../src/nostr/signature_wasm.ts";
import { testSignatureEngine } from "./signature_engine_suite.ts";

testSignatureEngine(await loadWasmEngine(), { anyLength: false });
