import { deepEqual } from "node:assert/strict";
import { abnormalEnding } from "../../src/net/ending.ts";

Deno.test("RFC 6455 §7.1.5: an ending without a close frame has the code 1006 and is not clean", () => {
  deepEqual(abnormalEnding("eof", ""), { cause: "eof", code: 1006, reason: "", clean: false });
});
