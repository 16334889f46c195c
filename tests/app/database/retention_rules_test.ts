import { deepEqual, equal } from "node:assert/strict";
import { retentionRules } from "../../../src/app/database/retention_rules.ts";
import { defaultSettings, settingsWith } from "../../../src/app/settings/setting_list.ts";
import { RetentionSweep } from "../../../src/store/write/retention.ts";

Deno.test("out of the box everything is kept", () => {
  equal(new RetentionSweep(retentionRules(defaultSettings), 2 ** 33).isNeeded, false);
});

Deno.test("days, mebibytes, kinds and ranges are read", () => {
  const rules = retentionRules(settingsWith(
    new Map<string, string[] | number>([
      ["retention.max_age_days", 365],
      ["retention.kind_age_days", ["7=90", "30000-39999=0"]],
      ["retention.max_total_mib", 2],
      ["retention.kept_kinds", ["0", "10000-19999"]],
      ["retention.kept_authors", ["ab".repeat(32)]],
    ]),
  ));
  deepEqual(rules.ages, [
    { kinds: { first: 7, last: 7 }, maxAgeS: 90 * 86_400 },
    { kinds: { first: 30_000, last: 39_999 }, maxAgeS: Infinity },
    { kinds: { first: 0, last: 65_535 }, maxAgeS: 365 * 86_400 },
  ]);
  equal(rules.maxBytes, 2_097_152);
  deepEqual(rules.keptKinds, [{ first: 0, last: 0 }, { first: 10_000, last: 19_999 }]);
  equal(rules.keptAuthors.has("ab".repeat(32)), true);
});
