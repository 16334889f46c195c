import { deepEqual } from "node:assert/strict";
import { Command } from "../../../src/app/command_line/commander.ts";
import { defineServe } from "../../../src/app/commands/serve.ts";

Deno.test("serve takes addresses, and the settings that every command takes", async () => {
  const program = new Command();
  const runs: unknown[] = [];
  defineServe(program, (options) => {
    runs.push(options);
    return Promise.resolve();
  });
  const args = ["serve", "--listen", "a:1", "--listen", "b:2", "--data", "d"];
  await program.parseAsync(args, { from: "user" });
  deepEqual(runs, [{ listen: ["a:1", "b:2"], data: "d" }]);
});
