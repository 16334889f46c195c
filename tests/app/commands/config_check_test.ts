import { equal } from "node:assert/strict";
import { checkConfig } from "../../../src/app/commands/config_check.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

Deno.test("what was said is shown with its place, in the order of the file, without secrets", async () => {
  const settings = settingsWith(
    new Map<string, string | number>([
      ["limits.max_limit", 5],
      ["database.url", "postgres://a:secret@b/c"],
      ["relay.secret_key", "1".repeat(64)],
      ["signatures.engine", "noble"],
    ]),
  );
  const origins = new Map([
    ["limits.max_limit", "config.toml:3"],
    ["database.url", "environment DATABASE_URL"],
    ["relay.secret_key", "config.toml:1"],
  ]);
  const fake = new FakeCommand({ settings, origins });
  equal(await checkConfig(fake.context, { running: true }), exitCode.done);
  equal(
    fake.stdout.text,
    'relay.secret_key = "***"  (config.toml:1)\n' +
      'database.url = "postgres://a:***@b/c"  (environment DATABASE_URL)\n' +
      "limits.max_limit = 5  (config.toml:3)\n" +
      "settings are valid\n",
  );
});

Deno.test("when nothing was said there is nothing to show", async () => {
  const fake = new FakeCommand();
  equal(await checkConfig(fake.context, { running: true }), exitCode.done);
  equal(fake.stdout.text, "settings are valid\n");
});
