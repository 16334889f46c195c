import { deepEqual, equal } from "node:assert/strict";
import { prefixOf, printable, Tally } from "../../bench/load/tally.ts";

Deno.test("reasons are counted, the most frequent first, with the first text of each", () => {
  const tally = new Tally();
  tally.add("NOTICE", "hello");
  tally.add("no answer", "", 3);
  tally.add("NOTICE", "again");
  tally.add("not sent", "", 0);
  deepEqual(Object.entries(tally.entries()), [
    ["no answer", { count: 3, example: "" }],
    ["NOTICE", { count: 2, example: "hello" }],
  ]);
});

Deno.test("what another thread counted is added", () => {
  const [one, other] = [new Tally(), new Tally()];
  one.add("NOTICE", "hello");
  other.add("NOTICE", "good day");
  other.add("no answer");
  one.addAll(structuredClone(other.entries()));
  deepEqual(one.entries(), {
    NOTICE: { count: 2, example: "hello" },
    "no answer": { count: 1, example: "" },
  });
});

Deno.test("a relay that makes up reasons fills no memory, and none is lost", () => {
  const tally = new Tally();
  for (let i = 0; i < 10_000; i++) tally.add(`CLOSED, reason-${i}`);
  const entries = Object.values(tally.entries());
  equal(entries.length, 41);
  equal(entries.reduce((sum, { count }) => sum + count, 0), 10_000);
});

Deno.test("an example holds no commands for the terminal and is short", () => {
  equal(printable("a\u001b[2Jb\u009bc\u202ed\n"), "a?[2Jb?c?d?");
  equal(printable("x".repeat(1_000)).length, 120);
});

Deno.test("NIP-01: a refusal begins with its reason", () => {
  equal(prefixOf("rate-limited: slow down"), "rate-limited");
  equal(prefixOf("no: prefix"), "no");
  equal(prefixOf("Sorry: no"), "no prefix");
  equal(prefixOf(""), "no prefix");
});
