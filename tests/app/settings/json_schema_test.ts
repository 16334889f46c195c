import { deepEqual, equal, ok } from "node:assert/strict";
import { Ajv } from "ajv";
import { parse } from "smol-toml";
import { settingsSchema } from "../../../src/app/settings/json_schema.ts";
import { loadSettings } from "../../../src/app/settings/load_settings.ts";
import type { PlainSetting, Setting } from "../../../src/app/settings/setting.ts";
import { settingSections } from "../../../src/app/settings/setting_list.ts";
import { configToml } from "../../../tools/generate_config.ts";
import { filesUnder } from "../../../tools/source_files.ts";

const root = new URL("../../../", import.meta.url);

/** Strict: a keyword that the standard does not have, or that means nothing here, is an error. */
const check = new Ajv({ strict: true, allErrors: true }).compile(settingsSchema());

/** Where and why the schema refuses `toml`. */
function refusals(toml: string): readonly string[] {
  check(parse(toml));
  return (check.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
}

Deno.test("config.toml passes its schema as it is, and with every setting switched on", () => {
  deepEqual(refusals(configToml()), []);
  deepEqual(refusals(configToml().replace(/^#(?=[a-z_]+ = )/gm, "")), []);
});

Deno.test("config.toml names its schema in the first line, and the file is there", () => {
  const [, path] = /^#:schema (\S+)\n/.exec(configToml()) ?? [];
  ok(path !== undefined);
  deepEqual(JSON.parse(Deno.readTextFileSync(new URL(path, root))), settingsSchema());
});

Deno.test("every TOML example of the documentation passes the schema and the relay", () => {
  let examples = 0;
  for (const page of ["README.md", ...filesUnder(root.pathname, "docs", ".md")]) {
    const text = Deno.readTextFileSync(new URL(page, root));
    for (const [, toml] of text.matchAll(/^```toml\n([^]*?)^```/gm)) {
      examples++;
      deepEqual(refusals(toml!), [], page);
      ok("settings" in loadSettings({ file: { path: page, text: toml! } }), page);
    }
  }
  ok(examples >= 7, `${examples}`);
});

Deno.test("the schema refuses what the relay refuses: types, ranges, words, patterns, names", () => {
  const wrong = [
    ["[limits]\nmax_limit = '5'", "/limits/max_limit type"],
    ["[limits]\nmax_limit = 0", "/limits/max_limit minimum"],
    ["[limits]\nmax_limit = 1.5", "/limits/max_limit type"],
    ["[network]\ncompression = 1", "/network/compression type"],
    ["[network]\nlisten = '127.0.0.1:80'", "/network/listen type"],
    ["[network]\nlisten = []", "/network/listen minItems"],
    ["[network]\nlisten = ['nowhere']", "/network/listen/0 pattern"],
    ["[access]\nmembers = ['npub1short']", "/access/members/0 pattern"],
    ["[log]\nlevel = 'loud'", "/log/level enum"],
    ["[plugins]\ncommands = [1]", "/plugins/commands/0 type"],
    ["[limits]\nmax_limits = 5", "/limits additionalProperties"],
    ["[limit]\nmax_limit = 5", " additionalProperties"],
    ["mirrors = 1", "/mirrors type"],
    ["[[mirrors.relay]]\ndirection = 'up'", "/mirrors/relay/0 required"],
    ["[[mirrors.relay]]\nurl = 'https://a.example'", "/mirrors/relay/0/url pattern"],
    ["[[mirrors.relay]]\nurl = 'wss://a'\nurls = []", "/mirrors/relay/0 additionalProperties"],
    ["[mirrors.relay]\nurl = 'wss://a'", "/mirrors/relay type"],
  ] as const;
  for (const [toml, refusal] of wrong) {
    deepEqual(refusals(toml), [refusal], toml);
    ok("problems" in loadSettings({ file: { path: "", text: toml } }), toml);
  }
});

/** The formats of a setting. */
function patternsOf(setting: Setting): readonly RegExp[] {
  if (setting.type === "tables") {
    return Object.values<PlainSetting>(setting.columns).flatMap(patternsOf);
  }
  if (setting.type !== "text" && setting.type !== "list") return [];
  return setting.format === undefined ? [] : [setting.format.pattern];
}

Deno.test("no format needs a flag that a JSON Schema cannot say", () => {
  const settings = Object.values(settingSections).flatMap((section) =>
    Object.values<Setting>(section.settings)
  );
  // JSON Schema reads patterns as Unicode.
  for (const { flags, source } of settings.flatMap(patternsOf)) {
    equal(flags.replace("u", ""), "", source);
  }
});
