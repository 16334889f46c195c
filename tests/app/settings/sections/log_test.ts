import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { logSection } from "../../../../src/app/settings/sections/log.ts";

const cases: readonly [keyof typeof logSection.settings, unknown, boolean][] = [
  ["level", "debug", true],
  ["level", "warning", false],
  ["level", "", false],
  ["parts", ["net=warn", "sync=debug"], true],
  ["parts", ["net"], false],
  ["parts", ["nets=warn"], false],
  ["parts", ["net=loud"], false],
  ["addresses", "hashed", true],
  ["addresses", "", false],
  ["slow_query_ms", 0, true],
  ["format", "json", true],
  ["format", "xml", false],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(logSection.settings[key], value), taken);
  });
}
