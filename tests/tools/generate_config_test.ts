import { deepEqual, equal, ok } from "node:assert/strict";
import { loadSettings } from "../../src/app/settings/load_settings.ts";
import { defaultSettings, settingByName } from "../../src/app/settings/setting_list.ts";
import { configToml, generate, settingsPage } from "../../tools/generate_config.ts";

/** The settings that `text` makes, as a configuration file. */
function settingsOf(text: string) {
  const loaded = loadSettings({ file: { path: "config.toml", text } });
  return "settings" in loaded ? loaded.settings : loaded.problems;
}

/** The configuration file with every setting switched on. */
function uncommented(): string {
  return configToml().replace(/^#(?=[a-z_]+ = )/gm, "");
}

Deno.test("config.toml changes nothing as it is", () => {
  deepEqual(settingsOf(configToml()), defaultSettings);
});

Deno.test("config.toml with every comment sign taken away says the defaults, all of them", () => {
  const loaded = loadSettings({ file: { path: "config.toml", text: uncommented() } });
  ok("settings" in loaded, JSON.stringify(loaded));
  deepEqual(loaded.settings, defaultSettings);
  deepEqual([...loaded.origins.keys()].sort(), [...settingByName.keys()].sort());
});

Deno.test("the page for operators has a row for every setting", () => {
  const rows = settingsPage().split("\n").filter((line) => line.startsWith("| `"));
  equal(rows.length, settingByName.size);
});

Deno.test("the files in the repository are up to date", async () => {
  equal(await generate(new URL("../../", import.meta.url), true), true);
});
