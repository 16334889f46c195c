import { equal } from "node:assert/strict";
import { withoutPassword } from "../../../src/app/database/database_url.ts";

const shown: readonly [string, string][] = [
  ["memory:", "memory:"],
  ["postgres://host/db", "postgres://host/db"],
  ["postgres://user@host/db", "postgres://user@host/db"],
  ["postgres://user:p:w@host/db", "postgres://user:***@host/db"],
  ["postgres://user:p@ss/w@host/db", "postgres://user:***@host/db"],
  ["postgresql://:secret@host/db", "postgresql://:***@host/db"],
  ["postgres://host/db?user=u&password=secret&x=1", "postgres://host/db?user=u&password=***&x=1"],
];

for (const [url, safe] of shown) {
  Deno.test(`${safe} shows no password`, () => equal(withoutPassword(url), safe));
}
