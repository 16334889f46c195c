import { deepEqual, equal } from "node:assert/strict";
import { isTimeOut, unreadable } from "../../../src/relay/live/unreadable.ts";
import { QueryTimedOut, StoreUnavailable } from "../../../src/store/event_store.ts";

Deno.test("what took too long is told from a database that is away", () => {
  const [late, away] = [new QueryTimedOut(5_000), new StoreUnavailable("connection refused")];
  deepEqual(unreadable(late), {
    prefix: "error",
    text: "the query took longer than 5000 ms",
  });
  deepEqual(unreadable(away), { prefix: "error", text: "the stored events cannot be read" });
  deepEqual([isTimeOut(late), isTimeOut(away)], [true, false]);
});

Deno.test("what was thrown and is no error says nothing to the peer", () => {
  equal(unreadable("secret").text, "the stored events cannot be read");
});
