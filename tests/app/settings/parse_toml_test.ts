import { deepEqual, ok } from "node:assert/strict";
import { parseToml } from "../../../src/app/settings/parse_toml.ts";

Deno.test("a document becomes a table", () => {
  deepEqual(parseToml('[log]\nlevel = "warn"'), { table: { log: { level: "warn" } } });
});

Deno.test("a fault of syntax has a line, a column and one line of words", () => {
  const parsed = parseToml("[log]\nlevel = warn\n");
  ok("fault" in parsed);
  deepEqual([parsed.line, parsed.column], [2, 9]);
  ok(/^not TOML: [^\n]+$/.test(parsed.fault), parsed.fault);
});
