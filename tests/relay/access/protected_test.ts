import { equal } from "node:assert/strict";
import type { Submission } from "../../../src/relay/access/policy.ts";
import { protectedEvents } from "../../../src/relay/access/protected.ts";
import { clientWith, submission } from "./submission.ts";

const prefixOf = (
  fields: Parameters<typeof submission>[0],
  rest: Partial<Submission> = { client: clientWith() },
) => protectedEvents.screen!(submission(fields, rest))?.prefix;

Deno.test("NIP70-01 NIP70-02 a protected event needs AUTH, whatever else its tag has", () => {
  equal(prefixOf({ tags: [["t", "a"], ["-"]] }), "auth-required");
  equal(prefixOf({ tags: [["-", "more"]] }), "auth-required");
  equal(prefixOf({ tags: [["t", "-"]] }), undefined);
});

Deno.test("NIP70-03 NIP70-04 NIP70-07 it is taken from its author, among other keys or alone", () => {
  const event = { pubkey: "a", tags: [["-"]] };
  equal(prefixOf(event, { client: clientWith("a") }), undefined);
  equal(prefixOf(event, { client: clientWith("b", "a") }), undefined);
  equal(prefixOf(event, { client: clientWith("b") }), "restricted");
});

Deno.test("a file of the operator's may hold protected events, another relay may not bring them", () => {
  equal(prefixOf({ tags: [["-"]] }, { origin: "import" }), undefined);
  equal(prefixOf({ tags: [["-"]] }, { origin: "sync" }), "restricted");
});

Deno.test("NIP70-05 NIP70-06 a repost of a protected event is refused, one of another is not", () => {
  const embed = (tags: readonly (readonly string[])[]) => JSON.stringify({ kind: 1, tags });
  for (const kind of [6, 16]) {
    equal(prefixOf({ kind, content: embed([["-"]]) }), "blocked");
    equal(prefixOf({ kind, content: embed([["p", "a"]]) }), undefined);
    equal(prefixOf({ kind, content: "" }), undefined);
    equal(prefixOf({ kind, content: "no JSON" }), undefined);
  }
  equal(prefixOf({ kind: 1, content: embed([["-"]]) }), undefined);
});
