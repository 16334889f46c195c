import { equal } from "node:assert/strict";
import { reason } from "../../../src/nostr/reason.ts";
import { standardPolicy } from "../../../src/relay/access/standard.ts";
import { testLimits } from "../../kit/limits.ts";
import { submission } from "./submission.ts";

Deno.test("size, date and kind are asked about, then what the host adds", () => {
  const policy = standardPolicy(testLimits, [() => reason("blocked", "closed today")]);
  equal(policy(submission({}, { jsonBytes: 1_000_000 }))?.prefix, "invalid");
  equal(policy(submission({ created_at: 901 }))?.prefix, "invalid");
  equal(policy(submission({ kind: 22242 }))?.prefix, "invalid");
  equal(policy(submission({}))?.prefix, "blocked");
  equal(standardPolicy(testLimits)(submission({})), undefined);
});
