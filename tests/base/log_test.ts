import { equal } from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";

Deno.test("a silent log accepts every level and writes nothing", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) {
    equal(silentLog[level]("something happened", { count: 1 }), undefined);
  }
});
