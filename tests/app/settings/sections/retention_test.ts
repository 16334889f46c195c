import { equal } from "node:assert/strict";
import { retentionSection } from "../../../../src/app/settings/sections/retention.ts";

Deno.test("what is no kind, range or age is not taken", () => {
  const { kind_age_days, kept_kinds } = retentionSection.settings;
  for (const good of ["7=90", "0-65535=0", "65535=1"]) {
    equal(kind_age_days.format.pattern.test(good), true, good);
  }
  for (const bad of ["7", "=1", "65536=1", "7=-1", "7=1.5", "1-=5", "a=1", "7=1000000"]) {
    equal(kind_age_days.format.pattern.test(bad), false, bad);
  }
  for (const bad of ["", "-1", "70000", "1-2-3"]) {
    equal(kept_kinds.format.pattern.test(bad), false, bad);
  }
});
