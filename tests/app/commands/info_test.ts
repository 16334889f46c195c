import { equal, ok } from "node:assert/strict";
import { showInfo } from "../../../src/app/commands/info.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { version } from "../../../src/app/version.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

Deno.test("versions, addresses and the database are shown, a password is not", async () => {
  const settings = settingsWith(new Map([["database.url", "postgres://a:secret@b/c"]]));
  const fake = new FakeCommand({ settings });
  equal(await showInfo(fake.context), exitCode.done);
  const { text } = fake.stdout;
  ok(text.startsWith(`gallimimus: ${version}\n`));
  ok(text.includes("\nlisten: 127.0.0.1:8080\n"));
  ok(text.includes("\ndatabase: postgres://a:***@b/c\n"));
  ok(text.includes("\nsignatures: auto, auto workers\n"));
  ok(!text.includes("secret"));
});

Deno.test("the path is shown where clients must name one", async () => {
  const settings = settingsWith(new Map([["network.path", "/nostr"], ["database.url", "memory:"]]));
  const fake = new FakeCommand({ settings });
  await showInfo(fake.context);
  ok(fake.stdout.text.includes("\nlisten: 127.0.0.1:8080 (path /nostr)\n"));
});
