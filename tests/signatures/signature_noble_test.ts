import { nobleEngine } from "../../src/signatures/signature_noble.ts";
import { testSignatureEngine } from "./signature_engine_suite.ts";

testSignatureEngine(nobleEngine, { anyLength: true });
