import { nobleEngine } from "../../src/nostr/signature_noble.ts";
import { testSignatureEngine } from "./signature_engine_suite.ts";

testSignatureEngine(nobleEngine, { anyLength: true });
