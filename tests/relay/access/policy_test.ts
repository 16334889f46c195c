import { deepEqual, equal } from "node:assert/strict";
import { reason } from "../../../src/nostr/reason.ts";
import { firstRefusal, type Policy } from "../../../src/relay/access/policy.ts";
import { submission } from "./submission.ts";

Deno.test("the first refusal is the answer and ends the asking", () => {
  const asked: string[] = [];
  const policy = (name: string, refuses: boolean): Policy => () => {
    asked.push(name);
    return refuses ? reason("blocked", name) : undefined;
  };
  const all = firstRefusal([policy("a", false), policy("b", true), policy("c", true)]);
  equal(all(submission({}))?.text, "b");
  deepEqual(asked, ["a", "b"]);
});

Deno.test("no policies refuse nothing", () => {
  equal(firstRefusal([])(submission({})), undefined);
});
