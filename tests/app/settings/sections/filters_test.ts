import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { filtersSection } from "../../../../src/app/settings/sections/filters.ts";

const cases: readonly [keyof typeof filtersSection.settings, unknown, boolean][] = [
  ["and_tags", false, true],
  ["and_tags", true, true],
  ["and_tags", 1, false],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(filtersSection.settings[key], value), taken);
  });
}
