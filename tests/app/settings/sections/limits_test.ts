import { equal } from "node:assert/strict";
import { readSetting } from "../../../../src/app/settings/read_setting.ts";
import { limitsSection } from "../../../../src/app/settings/sections/limits.ts";

const cases: readonly [keyof typeof limitsSection.settings, unknown, boolean][] = [
  ["max_message_bytes", 524_288, true],
  ["max_message_bytes", 0, false],
  ["max_filters", 0, false],
  ["max_filters", 1, true],
  ["created_at_lower_limit_s", 0, true],
  ["created_at_upper_limit_s", -1, false],
  ["max_limit", 0, false],
  ["max_subscriptions", 1.5, false],
  ["max_subscription_id_length", 64, true],
];

for (const [key, value, taken] of cases) {
  Deno.test(`${key} ${taken ? "takes" : "refuses"} ${JSON.stringify(value)}`, () => {
    equal("value" in readSetting(limitsSection.settings[key], value), taken);
  });
}
