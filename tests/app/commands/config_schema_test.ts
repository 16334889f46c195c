import { equal } from "node:assert/strict";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { printSchema } from "../../../src/app/commands/config_schema.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

Deno.test("config schema prints the file of the repository", async () => {
  const fake = new FakeCommand();
  equal(await printSchema(fake.context), exitCode.done);
  const file = new URL("../../../docs/config.schema.json", import.meta.url);
  equal(fake.stdout.text, await Deno.readTextFile(file));
});
