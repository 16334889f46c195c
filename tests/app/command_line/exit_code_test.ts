import { deepEqual } from "node:assert/strict";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";

Deno.test("scripts rely on the exit codes", () => {
  deepEqual(exitCode, { done: 0, failed: 1, misused: 2, interrupted: 130 });
});
