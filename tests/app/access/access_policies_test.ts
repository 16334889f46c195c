import { equal } from "node:assert/strict";
import { retentionPolicy } from "../../../src/app/access/access_policies.ts";
import { retentionRules } from "../../../src/app/database/retention_rules.ts";
import type { SettingValue } from "../../../src/app/settings/setting.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { newKey, someEvent } from "../../kit/records.ts";

const DAY_S = 86_400;
const NOW_S = 100 * DAY_S;

const keptAuthor = newKey();
const policy = retentionPolicy(retentionRules(settingsWith(
  new Map<string, SettingValue>([
    ["retention.max_age_days", 30],
    ["retention.kind_age_days", ["7=5", "40=0"]],
    ["retention.kept_kinds", ["0"]],
    ["retention.kept_authors", [keptAuthor]],
  ]),
)));

function refusalOf(fields: Parameters<typeof someEvent>[0], by = policy) {
  return by.screen!({
    event: someEvent(fields),
    jsonBytes: 100,
    nowMs: NOW_S * 1_000,
    origin: "socket",
  });
}

Deno.test("what the rules keep is taken, to the second, and what they do not is refused", () => {
  equal(refusalOf({ created_at: NOW_S - 30 * DAY_S }), undefined);
  equal(refusalOf({ created_at: NOW_S - 30 * DAY_S - 1 })?.prefix, "blocked");
  equal(refusalOf({ kind: 7, created_at: NOW_S - 5 * DAY_S }), undefined);
  equal(refusalOf({ kind: 7, created_at: NOW_S - 6 * DAY_S })?.prefix, "blocked");
});

Deno.test("kinds and authors that are kept for ever are taken at any age", () => {
  for (const kind of [0, 40]) equal(refusalOf({ kind, created_at: 0 }), undefined);
  equal(refusalOf({ pubkey: keptAuthor, created_at: 0 }), undefined);
});

Deno.test("requests to delete or to vanish are taken at any age, and what is not kept anyway", () => {
  for (const kind of [5, 62, 20_001]) equal(refusalOf({ kind, created_at: 0 }), undefined);
});

Deno.test("without rules every age is taken", () => {
  const all = retentionPolicy(retentionRules(settingsWith(new Map())));
  equal(refusalOf({ created_at: 0 }, all), undefined);
});
