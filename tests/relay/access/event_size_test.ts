import { equal, match } from "node:assert/strict";
import { sizeWithin } from "../../../src/relay/access/event_size.ts";
import { submission } from "./submission.ts";

const policy = sizeWithin({ maxEventBytes: 1_000, maxEventTags: 2, maxContentLength: 4 });

Deno.test("NIP11-05 exactly the allowed bytes pass, one more is refused", () => {
  equal(policy.screen!(submission({}, { jsonBytes: 1_000 })), undefined);
  match(policy.screen!(submission({}, { jsonBytes: 1_001 }))!.text, /1001 bytes, at most 1000/);
});

Deno.test("NIP11-05 exactly the allowed tags pass, one more is refused", () => {
  const tags = [["a"], ["b"], ["c"]];
  equal(policy.screen!(submission({ tags: tags.slice(1) })), undefined);
  match(policy.screen!(submission({ tags }))!.text, /3 tags, at most 2/);
});

Deno.test("NIP11-05 max_content_length counts characters, not bytes or UTF-16 units", () => {
  equal(policy.screen!(submission({ content: "🦤🦤🦤🦤" })), undefined);
  equal(policy.screen!(submission({ content: "éééé" })), undefined);
  equal(policy.screen!(submission({ content: "🦤🦤🦤a!" }))?.prefix, "invalid");
  equal(policy.screen!(submission({ content: "aaaaaaaaa" }))?.prefix, "invalid");
});
