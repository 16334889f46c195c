import { equal } from "node:assert/strict";
import { notExpired } from "../../../src/relay/access/standard.ts";
import { submission } from "./submission.ts";

Deno.test("NIP40-01 NIP40-04 from the second that it names on, an event is refused", () => {
  const event = { tags: [["expiration", "1000"]] };
  equal(notExpired.screen!(submission(event, { nowMs: 999_999 })), undefined);
  equal(notExpired.screen!(submission(event, { nowMs: 1_000_000 }))?.prefix, "invalid");
});

Deno.test("NIP40-05 an event that names no time passes", () => {
  for (const tags of [[], [["expiration"]], [["expiration", "soon"]]]) {
    equal(notExpired.screen!(submission({ tags }, { nowMs: 1e15 })), undefined);
  }
});
