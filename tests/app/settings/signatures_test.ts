import { equal } from "node:assert/strict";
import { readSetting } from "../../../src/app/read_setting.ts";
import { signaturesSection } from "../../../src/app/settings/signatures.ts";

const cases: readonly [keyof typeof signaturesSection.settings, unknown, boolean][] = [
  ["engine", "auto", true],
  ["engine", "noble", true],
  ["engine", "wasm", true],
  ["engine", "fast", false],
  ["workers", 0, true],
  ["workers", 65, false],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(signaturesSection.settings[key], value), taken);
  });
}
