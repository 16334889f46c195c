import { deepEqual } from "node:assert/strict";
import { GOING_AWAY, INTERNAL_ERROR, POLICY_VIOLATION } from "../../src/relay/close_codes.ts";
import { CloseCode } from "../../src/websocket/close_code.ts";

Deno.test("RFC 6455 §7.4.1: the relay's codes are those of the protocol", () => {
  deepEqual([GOING_AWAY, POLICY_VIOLATION, INTERNAL_ERROR], [
    CloseCode.goingAway,
    CloseCode.policyViolation,
    CloseCode.internalError,
  ]);
});
