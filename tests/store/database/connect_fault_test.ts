import { equal, match } from "node:assert/strict";
import { connectFault, ServerAway } from "../../../src/store/database/connect_fault.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";

const rows: readonly [code: string, isAway: boolean, mend: RegExp][] = [
  ["ECONNREFUSED", true, /^it failed: no Postgres server listens there: start it/],
  ["ENOTFOUND", true, /no address: correct its name/],
  ["CONNECT_TIMEOUT", true, /does not answer: look/],
  ["ENOENT", true, /no such Unix socket: start/],
  ["CONNECTION_CLOSED", true, /closed the connection: its log/],
  ["57P03", true, /starts or stops: wait/],
  ["53300", true, /raise max_connections/],
  ["28P01", false, /correct the user and the password/],
  ["28000", false, /createuser/],
  ["3D000", false, /createdb/],
  ["42501", false, /grant connect/],
  ["EACCES", false, /may not connect to that Unix socket/],
  ["XX000", false, /^it failed$/],
];

for (const [code, isAway, mend] of rows) {
  Deno.test(`${code} has a sentence, and ${isAway ? "is waited for" : "ends the start"}`, () => {
    const cause = Object.assign(new Error("it failed"), { code });
    for (const error of [cause, new StoreUnavailable(cause.message, { cause })]) {
      const fault = connectFault(error);
      match(fault.message, mend);
      equal(fault instanceof ServerAway, isAway);
    }
  });
}
