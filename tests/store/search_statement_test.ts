import { deepEqual, equal, ok } from "node:assert/strict";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReqFilter } from "../../src/nostr/filter.ts";
import { checksOf } from "../../src/store/plan.ts";
import {
  foundStatement,
  frequencyStatement,
  rankStatement,
} from "../../src/store/search_statement.ts";

const LIMITS = { mostFound: 100, ranked: 50, limit: 10 };

function statementOf(fields: Partial<ReqFilter>) {
  const filter = { tags: new Map(), search: new Set(["fox", "dog"]), ...fields };
  return foundStatement(checksOf(filter, sha256)!, LIMITS);
}

Deno.test("words, bounds and all else are parameters", () => {
  const { text, parameters } = statementOf({ kinds: new Set([1]), since: 5 });
  deepEqual(parameters, ["'fox' & 'dog'", 100, 5, 2 ** 53, "{1}", 50, 10]);
  equal(/fox|dog/.test(text), false);
});

Deno.test("the text depends on which conditions there are, not on how many values", () => {
  const tags = (...values: string[]) => ({ tags: new Map([["t", new Set(values)]]) });
  equal(statementOf(tags("a")).text, statementOf(tags("b", "c", "d")).text);
  equal(
    statementOf({ search: new Set(["a"]) }).text,
    statementOf({ search: new Set(["a", "b", "c"]) }).text,
  );
  ok(statementOf(tags("a")).text !== statementOf({}).text);
});

Deno.test("the words are looked up before anything else", () => {
  ok(
    statementOf({ authors: new Set(["a".repeat(64)]) }).text.startsWith(
      "with found as materialized",
    ),
  );
});

Deno.test("counting and ranking take the same words", () => {
  deepEqual(frequencyStatement("'fox'", 9).parameters, ["'fox'", 9]);
  deepEqual(rankStatement("'fox'", []).parameters, ["'fox'", "{}"]);
});
