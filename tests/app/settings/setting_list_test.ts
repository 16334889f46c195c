import { deepEqual, equal, ok } from "node:assert/strict";
import { loadSettings } from "../../../src/app/settings/load_settings.ts";
import { readSetting } from "../../../src/app/settings/read_setting.ts";
import {
  defaultSettings,
  settingByName,
  settingRelations,
  settingSections,
  settingsOn,
  settingsWith,
} from "../../../src/app/settings/setting_list.ts";

Deno.test("every default is a value that its own setting takes", () => {
  for (const [name, setting] of settingByName) {
    deepEqual(readSetting(setting, setting.default), { value: setting.default }, name);
  }
});

Deno.test("every integer's unit agrees with the end of its name", () => {
  const endings: readonly [string, string][] = [
    ["_ms", "milliseconds"],
    ["_s", "seconds"],
    ["_bytes", "bytes"],
  ];
  for (const [name, setting] of settingByName) {
    if (setting.type !== "integer") continue;
    for (const [ending, unit] of endings) {
      equal(name.endsWith(ending), setting.unit === unit, `${name} in ${setting.unit}`);
    }
  }
});

Deno.test("every description and every warning is one or more full sentences", () => {
  for (const [name, setting] of settingByName) {
    ok(/^[A-Za-z0-9].*[.]$/.test(setting.description), name);
    if (setting.type === "integer") ok(/^[A-Z].*[.]$/.test(setting.whenRaised), name);
  }
});

Deno.test("every name is snake case, so that it works as an environment variable", () => {
  const snakeCase = /^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/;
  for (const name of settingByName.keys()) ok(snakeCase.test(name), name);
  const environment = { GALLIMIMUS_RELAY_LISTS__OUTBOX_FILTER: "{}" };
  const loaded = loadSettings({ environment });
  ok("settings" in loaded && loaded.settings.relay_lists.outbox_filter === "{}");
});

Deno.test("the relations name integers that exist, and hold for the defaults", () => {
  for (const { larger, smaller, orEqual } of settingRelations) {
    const [high, low] = [settingByName.get(larger), settingByName.get(smaller)];
    ok(high?.type === "integer" && low?.type === "integer", `${larger}, ${smaller}`);
    ok(high.default > low.default || (orEqual && high.default === low.default), larger);
  }
});

Deno.test("the settings have the table's sections and keys, and nothing else", () => {
  deepEqual(Object.keys(defaultSettings), Object.keys(settingSections));
  deepEqual(Object.keys(defaultSettings.log), Object.keys(settingSections.log.settings));
});

Deno.test("values replace defaults, even by what is falsy", () => {
  const settings = settingsWith(
    new Map<string, string | number>([["relay.name", ""], ["signatures.workers", 0]]),
  );
  equal(settings.relay.name, "");
  equal(settings.signatures.workers, 0);
  equal(settings.relay.description, defaultSettings.relay.description);
});

Deno.test("the direct URL of a pooler is of the database that was set, and of no other", () => {
  const settings = settingsWith(
    new Map([["database.url", "postgres://pool/a"], ["database.direct_url", "postgres://db/a"]]),
  );
  equal(settingsOn("postgres://pool/a", settings).database.direct_url, "postgres://db/a");
  const other = settingsOn("postgres://other/b", settings).database;
  deepEqual([other.url, other.direct_url], ["postgres://other/b", ""]);
});

Deno.test("settings cannot be written to", () => {
  ok(Object.isFrozen(defaultSettings));
  ok(Object.isFrozen(defaultSettings.limits));
});
