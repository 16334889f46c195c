import { equal } from "node:assert/strict";
import { expectedValue, type Setting } from "../../../src/app/settings/setting.ts";

const described = { description: "A setting.", reloadable: true } as const;

const cases: readonly [Setting, string][] = [
  [
    {
      ...described,
      type: "integer",
      default: 1,
      min: 0,
      max: 9,
      unit: "bytes",
      whenRaised: "More.",
    },
    "an integer from 0 to 9 (bytes)",
  ],
  [{ ...described, type: "boolean", default: true }, "true or false"],
  [{ ...described, type: "choice", default: "a", allowed: ["a", "b", "c"] }, '"a" or "b" or "c"'],
  [{ ...described, type: "text", default: "" }, "text"],
  [
    { ...described, type: "text", default: "", format: { pattern: /x/, words: "an x" } },
    "an x",
  ],
  [
    {
      ...described,
      type: "list",
      default: ["x"],
      format: { pattern: /x/, words: "an x" },
      minItems: 1,
      maxItems: 3,
    },
    "a list of 1 to 3 items, each an x",
  ],
];

for (const [setting, words] of cases) {
  Deno.test(`what a setting of type ${setting.type} takes is said as: ${words}`, () => {
    equal(expectedValue(setting), words);
  });
}
