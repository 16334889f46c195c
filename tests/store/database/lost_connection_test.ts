import { equal } from "node:assert/strict";
import { isConnectionLost } from "../../../src/store/database/lost_connection.ts";

function withCode(code: string | number): Error {
  return Object.assign(new Error("no"), { code });
}

Deno.test("an open connection that ended is lost", () => {
  for (
    const code of [
      "57P01",
      "57P02",
      "57P03",
      "CONNECTION_CLOSED",
      "ECONNRESET",
      "EPIPE",
      "CONNECTION_DROPPED",
    ]
  ) {
    equal(isConnectionLost(withCode(code)), true, code);
  }
});

Deno.test("a connection that cannot be opened, a rejected statement and an abort are no lost connection", () => {
  for (const code of ["ECONNREFUSED", "ENOENT", "CONNECT_TIMEOUT", "23505", "57014", 20]) {
    equal(isConnectionLost(withCode(code)), false, String(code));
  }
  equal(isConnectionLost(new Error("no")), false);
  equal(isConnectionLost("CONNECTION_CLOSED"), false);
});
