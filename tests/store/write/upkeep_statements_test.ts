import { deepEqual, equal, match } from "node:assert/strict";
import { idPrefixOf } from "../../../src/store/fingerprint.ts";
import {
  deleteEvents,
  deleteExpired,
  surveyEvents,
} from "../../../src/store/write/upkeep_statements.ts";

Deno.test("removing skips rows that are being written", () => {
  for (const { text } of [deleteExpired(5, 10), deleteEvents(["01"])]) {
    match(text, /for update skip locked/);
  }
});

Deno.test("the text does not depend on the number of events removed", () => {
  equal(deleteEvents(["01"]).text, deleteEvents(["01", "02", "03"]).text);
  deepEqual(deleteExpired(5, 10).parameters, [5, 10]);
});

Deno.test("a survey continues after a place, by two ranges of the index", () => {
  const { text, parameters } = surveyEvents({ createdAt: 7, id: "ab" }, 10);
  deepEqual(parameters, [7, idPrefixOf("ab"), 10]);
  equal(text.match(/order by created_at desc, head/g)?.length, 2);
});
