import { deepEqual, equal } from "node:assert/strict";
import { isTimeOut, queryFailure } from "../../../src/relay/live/query_failure.ts";
import { QueryTimedOut, StoreUnavailable } from "../../../src/store/event_store.ts";

Deno.test("what took too long is told from a database that is away", () => {
  const [late, away] = [new QueryTimedOut(5_000), new StoreUnavailable("connection refused")];
  deepEqual(queryFailure(late), {
    prefix: "error",
    text: "the query took longer than 5000 ms",
  });
  deepEqual(queryFailure(away), { prefix: "error", text: "the stored events cannot be read" });
  deepEqual([isTimeOut(late), isTimeOut(away)], [true, false]);
});

Deno.test("what was thrown and is no error says nothing to the peer", () => {
  equal(queryFailure("secret").text, "the stored events cannot be read");
});
