import { equal } from "node:assert/strict";
import { withoutPassword, withoutSecret } from "../../../src/app/settings/secrets.ts";

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

Deno.test("a secret value is not printed, and that there is none is", () => {
  equal(withoutSecret("relay.secret_key", "ab".repeat(32)), "***");
  equal(withoutSecret("relay.secret_key", ""), "");
  equal(withoutSecret("database.url", "postgres://u:p@h/d"), "postgres://u:***@h/d");
  equal(withoutSecret("relay.name", "a name"), "a name");
});
