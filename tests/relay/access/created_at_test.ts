import { equal } from "node:assert/strict";
import { createdAtWithin } from "../../../src/relay/access/created_at.ts";
import { submission } from "./submission.ts";

const policy = createdAtWithin({ createdAtUpperLimitS: 900, createdAtLowerLimitS: 100 });
const nowMs = 1_000_999;

Deno.test("NIP11-05 created_at passes exactly at both bounds and not a second beyond", () => {
  equal(policy.screen!(submission({ created_at: 1_900 }, { nowMs })), undefined);
  equal(policy.screen!(submission({ created_at: 1_901 }, { nowMs }))?.prefix, "invalid");
  equal(policy.screen!(submission({ created_at: 900 }, { nowMs })), undefined);
  equal(policy.screen!(submission({ created_at: 899 }, { nowMs }))?.prefix, "invalid");
});

Deno.test("a bound of 0 is no bound", () => {
  const open = createdAtWithin({ createdAtUpperLimitS: 0, createdAtLowerLimitS: 0 });
  equal(open.screen!(submission({ created_at: 0 }, { nowMs })), undefined);
  equal(open.screen!(submission({ created_at: Number.MAX_SAFE_INTEGER }, { nowMs })), undefined);
});
