import { equal } from "node:assert/strict";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { complain } from "../../../src/app/command_line/with_store.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

Deno.test("what a sentence quotes of somebody's file drives no terminal", async () => {
  const fake = new FakeCommand();
  const why = "x.db: malformed database schema (t\x1b]0;mine\x07\x9b2J)\n\tand more";
  equal(await complain(fake.context, why, exitCode.failed), exitCode.failed);
  equal(
    fake.stderr.text,
    "gallimimus: x.db: malformed database schema (t\\u001b]0;mine\\u0007\\u009b2J)\n\tand more\n",
  );
});
