/**
 * JSR would take the package: `deno publish --dry-run` finds nothing wrong, and what a relay needs is in it.
 *
 * @module
 */

import { equal, match } from "node:assert/strict";

Deno.test("the package can be published at JSR, with what a relay needs", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty"],
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stderr);
  equal(success, true, said);
  for (const file of ["mod.ts", "sockets.ts", "src/app/main.ts", "migrations/", "README.md"]) {
    match(said, new RegExp(`/${file}`), file);
  }
});
