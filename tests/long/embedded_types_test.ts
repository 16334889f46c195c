/**
 * Checks the types of programs that embed the relay or its sockets, as README.md has it: with the
 * compiler options of the program, which are looser than those of this project.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { withTree } from "../kit/temporary_tree.ts";

const program = `
import { createRelay } from "gallimimus";
import { listen } from "gallimimus/sockets";
export const parts = [createRelay, listen];
`;

const root = new URL("../../", import.meta.url);
const imports = {
  "gallimimus": new URL("mod.ts", root).href,
  "gallimimus/sockets": new URL("sockets.ts", root).href,
};

Deno.test("a program that embeds the relay type-checks with the runtime's own options", async () => {
  const files = { "deno.json": JSON.stringify({ imports }), "program.ts": program };
  await withTree(files, async (directory) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "program.ts"],
      cwd: directory,
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).output();
    equal(new TextDecoder().decode(stderr), "");
    equal(code, 0);
  });
});
