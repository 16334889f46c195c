import { deepEqual, equal, match } from "node:assert/strict";
import { parse } from "smol-toml";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { printConfig, printSchema } from "../../../src/app/commands/config_print.ts";
import { loadSettings } from "../../../src/app/settings/load_settings.ts";
import { settingValues } from "../../../src/app/settings/setting_list.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

/** What the command prints for settings from a file. */
async function printed(text: string): Promise<string> {
  const loaded = loadSettings({
    file: { path: "config.toml", text },
    environment: { GALLIMIMUS_LIMITS__MAX_LIMIT: "700" },
    flags: [],
  });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const fake = new FakeCommand(loaded);
  equal(await printConfig(fake.context), exitCode.done);
  return fake.stdout.text;
}

const file = `[relay]
name = "say \\"hello\\" \\u007f"
[access]
preset = "members"
readers = "anyone"
[[mirrors.relay]]
url = "wss://other.example"
filter = '{"kinds":[1]}'
`;

Deno.test("what is printed is a configuration file that means the same", async () => {
  const text = await printed(file);
  const again = loadSettings({ file: { path: "again", text }, environment: {}, flags: [] });
  const before = loadSettings({
    file: { path: "config.toml", text: `${file}[limits]\nmax_limit = 700\n` },
    environment: {},
    flags: [],
  });
  if ("problems" in again || "problems" in before) throw new Error(JSON.stringify(again));
  deepEqual([...settingValues(again.settings)], [...settingValues(before.settings)]);
});

Deno.test("each setting has its place: a default, the preset, the file, the environment", async () => {
  const text = await printed(file);
  match(text, /^writers = "members" # preset members$/m);
  match(text, /^readers = "anyone" # config\.toml:5$/m);
  match(text, /^max_limit = 700 # environment GALLIMIMUS_LIMITS__MAX_LIMIT$/m);
  match(text, /^max_filters = \d+ # default$/m);
});

Deno.test("the presets are listed with what they set, and secrets are masked", async () => {
  const text = await printed(`[relay]\nsecret_key = "${"1".repeat(64)}"`);
  match(text, /^# inbox: access\.writers = "correspondents", access\.readers = "members"$/m);
  match(text, /^# public: the defaults$/m);
  match(text, /^secret_key = "\*\*\*" # config\.toml:2$/m);
  parse(text);
});

Deno.test("config schema prints the file of the repository", async () => {
  const fake = new FakeCommand();
  equal(await printSchema(fake.context), exitCode.done);
  const file = new URL("../../../docs/config.schema.json", import.meta.url);
  equal(fake.stdout.text, await Deno.readTextFile(file));
});
