import { equal } from "node:assert/strict";
import { databaseUrl, withoutPassword } from "../../src/app/database_url.ts";
import { defaultSettings } from "../../src/app/setting_list.ts";

Deno.test("without a URL the embedded database in the data directory is meant", () => {
  equal(
    databaseUrl({ ...defaultSettings.database, data: "/srv/relay/" }),
    "pglite:/srv/relay/pglite",
  );
});

Deno.test("a URL is used as it is", () => {
  const url = "postgres://u:p@h/d";
  equal(databaseUrl({ ...defaultSettings.database, url }), url);
});

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
