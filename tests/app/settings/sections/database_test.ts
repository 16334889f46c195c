import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { databaseSection } from "../../../../src/app/settings/sections/database.ts";

const cases: readonly [keyof typeof databaseSection.settings, unknown, boolean][] = [
  ["url", "", true],
  ["url", "memory:", true],
  ["url", "pglite:./data", true],
  ["url", "managed:/srv/relay", true],
  ["url", "postgres://u:p@h:5432/d", true],
  ["url", "postgresql://h/d", true],
  ["url", "pglite:", false],
  ["url", "mysql://h/d", false],
  ["url", "memory", false],
  ["data", "./data", true],
  ["data", "", false],
  ["pool_size", 1, false],
  ["pool_size", 2, true],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(databaseSection.settings[key], value), taken);
  });
}
