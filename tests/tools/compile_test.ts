import { deepEqual, equal, ok } from "node:assert/strict";
import { compileArguments, missingFiles } from "../../tools/compile.ts";
import settings from "../../deno.json" with { type: "json" };

const root = new URL("../../", import.meta.url);

Deno.test("the executable has the permissions of the task", () => {
  const args = compileArguments("deno run --no-prompt --allow-net mod.ts", "out");
  ok(args.includes("--no-prompt") && args.includes("--allow-net"));
  deepEqual(args.slice(-3), ["--output", "out", "mod.ts"]);
});

Deno.test("a file that is only named somewhere is not inside", () => {
  const bytes = new TextEncoder().encode('x"a.sql"{"File":{"n":"b.sql","o":[1,2]}}');
  deepEqual(missingFiles(bytes, ["a.sql", "b.sql"]), ["a.sql"]);
});

Deno.test("migrations, workers and WebAssembly would all be inside the executable", async () => {
  ok(settings.tasks.compile.command.endsWith("tools/compile.ts"));
  const { success, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "tools/compile.ts", "--check"],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  equal(success, true, said);
  // What only the tests need is not there.
  for (const name of ["playwright-core", "nostr-tools", "ndk"]) ok(!said.includes(name), name);
});
