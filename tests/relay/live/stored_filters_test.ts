import { deepEqual } from "node:assert/strict";
import { storedFilters } from "../../../src/relay/live/stored_filters.ts";

const limits = { maxLimit: 100, defaultLimit: 10 };
const tags = new Map();

Deno.test("NIP01-49 a limit is lowered to the highest, and added where there is none", () => {
  const limitsGiven = [{ tags }, { tags, limit: 5 }, { tags, limit: 100 }, { tags, limit: 101 }];
  deepEqual(storedFilters(limitsGiven, limits).map(({ limit }) => limit), [10, 5, 100, 100]);
});

Deno.test("NIP01-47 NIP01-54 NIP01-57 what cannot match is not asked", () => {
  const impossible = [
    { tags, limit: 0 },
    { tags, ids: new Set<string>() },
    { tags, authors: new Set<string>() },
    { tags, kinds: new Set<number>() },
    { tags: new Map([["t", new Set<string>()]]) },
    { tags, since: 2, until: 1 },
  ];
  deepEqual(storedFilters(impossible, limits), []);
});

Deno.test("since equal to until is one second, and can match", () => {
  deepEqual(storedFilters([{ tags, since: 2, until: 2 }], limits).length, 1);
});
