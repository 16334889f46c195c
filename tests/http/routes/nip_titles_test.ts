import { deepEqual, equal } from "node:assert/strict";
import { nipTitles } from "../../../src/http/routes/nip_titles.ts";

Deno.test("every NIP has a title of its own, short enough to stand in a column", () => {
  const titles = [...nipTitles.values()];
  equal(new Set(titles).size, titles.length);
  deepEqual(titles.filter((title) => title === "" || title.length > 28), []);
});

Deno.test("titles stand in the order of their NIPs", () => {
  const numbers = [...nipTitles.keys()];
  deepEqual(numbers, numbers.toSorted((a, b) => a - b));
});
