import { equal } from "node:assert/strict";
import { noAuthenticationKinds } from "../../../src/relay/access/authentication_kinds.ts";
import { submission } from "./submission.ts";

Deno.test("X-12 kinds 22242 and 27235 are refused, their neighbours are not", () => {
  for (const kind of [22242, 27235]) {
    equal(noAuthenticationKinds.screen!(submission({ kind }))?.prefix, "invalid");
  }
  for (const kind of [1, 22241, 22243, 27234, 27236]) {
    equal(noAuthenticationKinds.screen!(submission({ kind })), undefined);
  }
});
