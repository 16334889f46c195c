import { loadWasmEngine } from "../../src/signatures/signature_wasm.ts";
import { testSignatureEngine } from "./signature_engine_suite.ts";

testSignatureEngine(await loadWasmEngine(), { anyLength: false });
