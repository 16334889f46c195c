import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { searchSection } from "../../../../src/app/settings/sections/search.ts";

const cases: readonly [keyof typeof searchSection.settings, unknown, boolean][] = [
  ["enabled", true, true],
  ["enabled", "yes", false],
  ["kinds", ["0", "65535"], true],
  ["kinds", ["65536"], false],
  ["kinds", ["notes"], false],
  ["kinds", [], false],
  ["max_length", 1, true],
  ["max_length", 0, false],
  ["max_candidates", 100, true],
  ["max_candidates", 99, false],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(searchSection.settings[key], value), taken);
  });
}
