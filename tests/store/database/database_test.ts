import { equal, ok } from "node:assert/strict";
import { databaseError, StatementFailed } from "../../../src/store/database/database.ts";

const cause = new Error("no");

Deno.test("an outage is not the statement's fault", () => {
  const states = ["08006", "25006", "28P01", "3D000", "53300", "57014", "57P01", "58030", "XX000"];
  for (const state of states) equal(databaseError(cause, state).name, "StoreUnavailable", state);
});

Deno.test("no answer is an outage, and so is an error code of the driver", () => {
  equal(databaseError(cause, undefined).name, "StoreUnavailable");
  equal(databaseError(cause, "CONNECTION_CLOSED").name, "StoreUnavailable");
});

Deno.test("a refused statement says why", () => {
  for (const state of ["22P02", "23505", "40001", "40P01", "42601", "54000"]) {
    const error = databaseError(cause, state);
    ok(error instanceof StatementFailed);
    equal(error.sqlState, state);
    equal(error.message, "no");
    equal(error.cause, cause);
  }
});
