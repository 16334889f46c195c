import { equal } from "node:assert/strict";
import { noProtectedEvents } from "../../../src/relay/access/protected.ts";
import { submission } from "./submission.ts";

const prefixOf = (fields: Parameters<typeof submission>[0]) =>
  noProtectedEvents(submission(fields))?.prefix;

Deno.test("NIP-70: an event with the tag - is refused, whatever else it has", () => {
  equal(prefixOf({ tags: [["t", "a"], ["-"]] }), "blocked");
  equal(prefixOf({ tags: [["-", "more"]] }), "blocked");
  equal(prefixOf({ tags: [["t", "-"]] }), undefined);
});

Deno.test("NIP-70: a repost of a protected event is refused, one of another is not", () => {
  const embed = (tags: readonly (readonly string[])[]) => JSON.stringify({ kind: 1, tags });
  for (const kind of [6, 16]) {
    equal(prefixOf({ kind, content: embed([["-"]]) }), "blocked");
    equal(prefixOf({ kind, content: embed([["p", "a"]]) }), undefined);
    equal(prefixOf({ kind, content: "no JSON" }), undefined);
  }
  equal(prefixOf({ kind: 1, content: embed([["-"]]) }), undefined);
});
