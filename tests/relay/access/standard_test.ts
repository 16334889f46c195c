import { equal, match } from "node:assert/strict";
import {
  createdAtWithin,
  noAuthenticationKinds,
  sizeWithin,
} from "../../../src/relay/access/standard.ts";
import { submission } from "./submission.ts";

const size = sizeWithin({ maxEventBytes: 1_000, maxEventTags: 2, maxContentLength: 4 });

Deno.test("NIP11-05 exactly the allowed bytes pass, one more is refused", () => {
  equal(size.screen!(submission({}, { jsonBytes: 1_000 })), undefined);
  match(size.screen!(submission({}, { jsonBytes: 1_001 }))!.text, /1001 bytes, at most 1000/);
});

Deno.test("NIP11-05 exactly the allowed tags pass, one more is refused", () => {
  const tags = [["a"], ["b"], ["c"]];
  equal(size.screen!(submission({ tags: tags.slice(1) })), undefined);
  match(size.screen!(submission({ tags }))!.text, /3 tags, at most 2/);
});

Deno.test("NIP11-05 max_content_length counts characters, not bytes or UTF-16 units", () => {
  equal(size.screen!(submission({ content: "🦤🦤🦤🦤" })), undefined);
  equal(size.screen!(submission({ content: "éééé" })), undefined);
  equal(size.screen!(submission({ content: "🦤🦤🦤a!" }))?.prefix, "invalid");
  equal(size.screen!(submission({ content: "aaaaaaaaa" }))?.prefix, "invalid");
});

const date = createdAtWithin({ createdAtUpperLimitS: 900, createdAtLowerLimitS: 100 });
const nowMs = 1_000_999;

Deno.test("NIP11-05 created_at passes exactly at both bounds and not a second beyond", () => {
  equal(date.screen!(submission({ created_at: 1_900 }, { nowMs })), undefined);
  equal(date.screen!(submission({ created_at: 1_901 }, { nowMs }))?.prefix, "invalid");
  equal(date.screen!(submission({ created_at: 900 }, { nowMs })), undefined);
  equal(date.screen!(submission({ created_at: 899 }, { nowMs }))?.prefix, "invalid");
});

Deno.test("a bound of 0 is no bound", () => {
  const open = createdAtWithin({ createdAtUpperLimitS: 0, createdAtLowerLimitS: 0 });
  equal(open.screen!(submission({ created_at: 0 }, { nowMs })), undefined);
  equal(open.screen!(submission({ created_at: Number.MAX_SAFE_INTEGER }, { nowMs })), undefined);
});

Deno.test("X-12 kinds 22242 and 27235 are refused, their neighbours are not", () => {
  for (const kind of [22242, 27235]) {
    equal(noAuthenticationKinds.screen!(submission({ kind }))?.prefix, "invalid");
  }
  for (const kind of [1, 22241, 22243, 27234, 27236]) {
    equal(noAuthenticationKinds.screen!(submission({ kind })), undefined);
  }
});
