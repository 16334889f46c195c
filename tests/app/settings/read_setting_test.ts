import { deepEqual, ok } from "node:assert/strict";
import { readSetting, readSettingText } from "../../../src/app/settings/read_setting.ts";
import type { Setting } from "../../../src/app/settings/setting.ts";

const described = { description: "A setting.", reloadable: true } as const;
const count: Setting = {
  ...described,
  type: "integer",
  default: 5,
  min: -1,
  max: 9,
  unit: "things",
  whenRaised: "More.",
};
const yes: Setting = { ...described, type: "boolean", default: true };
const word: Setting = { ...described, type: "choice", default: "a", allowed: ["a", "b"] };
const hex = { pattern: /^[0-9a-f]*$/, words: "hex digits" };
const text: Setting = { ...described, type: "text", default: "", format: hex };
const list: Setting = {
  ...described,
  type: "list",
  default: ["a"],
  format: hex,
  minItems: 1,
  maxItems: 2,
};

const taken: readonly [Setting, unknown, string][] = [
  [count, -1, "-1"],
  [count, 9, "9"],
  [yes, true, "true"],
  [yes, false, "false"],
  [word, "b", "b"],
  [text, "", ""],
  [text, "beef", "beef"],
  [list, ["a"], "a"],
  [list, ["a", "b"], " a , b "],
];

for (const [setting, value, spelt] of taken) {
  Deno.test(`${setting.type} takes ${JSON.stringify(value)}, typed and as "${spelt}"`, () => {
    deepEqual(readSetting(setting, value), { value });
    deepEqual(readSettingText(setting, spelt), { value });
  });
}

const refused: readonly [Setting, unknown][] = [
  [count, -2],
  [count, 10],
  [count, 1.5],
  [count, NaN],
  [count, "5"],
  [count, true],
  [yes, "true"],
  [yes, 1],
  [word, "c"],
  [word, 1],
  [text, "xyz"],
  [text, 1],
  [list, "a"],
  [list, []],
  [list, ["a", "b", "c"]],
  [list, ["x"]],
  [list, [1]],
  [list, { a: 1 }],
];

for (const [setting, value] of refused) {
  Deno.test(`${setting.type} refuses ${JSON.stringify(value)} and says what it takes`, () => {
    const outcome = readSetting(setting, value);
    ok("found" in outcome && outcome.found.length > 0 && outcome.expected.length > 0);
  });
}

for (const spelt of ["", "1e1", "0x1", "5 ", "１", "--1", "1_0"]) {
  Deno.test(`the text "${spelt}" is no integer`, () => {
    ok("found" in readSettingText(count, spelt));
  });
}

for (const spelt of ["", "yes", "1", "TRUE"]) {
  Deno.test(`the text "${spelt}" is neither true nor false`, () => {
    ok("found" in readSettingText(yes, spelt));
  });
}

Deno.test("a wrong value is repeated as its author wrote it, but not at any length", () => {
  deepEqual(readSetting(count, "many"), {
    found: '"many"',
    expected: "an integer from -1 to 9 (things)",
  });
  const outcome = readSetting(count, "x".repeat(10_000));
  ok("found" in outcome && outcome.found.length < 100);
});

Deno.test("a wrong value that may hold a password is not repeated", () => {
  const outcome = readSetting({ ...text, secret: "value" }, "hunter2");
  deepEqual(outcome, { found: "something else", expected: "hex digits" });
});
