import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import {
  AUTOMATIC_WORKERS,
  signaturesSection,
} from "../../../../src/app/settings/sections/signatures.ts";

const cases: readonly [keyof typeof signaturesSection.settings, unknown, boolean][] = [
  ["engine", "auto", true],
  ["engine", "noble", true],
  ["engine", "wasm", true],
  ["engine", "native", true],
  ["engine", "fast", false],
  ["library", "", true],
  ["library", "/opt/lib/libsecp256k1.so", true],
  ["workers", AUTOMATIC_WORKERS, true],
  ["workers", 0, true],
  ["workers", -2, false],
  ["workers", 65, false],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(signaturesSection.settings[key], value), taken);
  });
}
