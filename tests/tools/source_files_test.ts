import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { denoOutput, filesUnder, readIfPresent } from "../../tools/source_files.ts";
import { withTree } from "../kit/temporary_tree.ts";

Deno.test("files are found in all folders below, by their ending, sorted", async () => {
  const files = { "src/b.ts": "", "src/a/c.ts": "", "src/a/d.sql": "", "tests/e.ts": "" };
  await withTree(files, (root) => {
    deepEqual(filesUnder(root, "src", ".ts"), ["src/a/c.ts", "src/b.ts"]);
    deepEqual(filesUnder(root, "src", ""), ["src/a/c.ts", "src/a/d.sql", "src/b.ts"]);
    deepEqual(filesUnder(root, "docs", ""), []);
  });
});

Deno.test("a file that does not exist has no text", async () => {
  await withTree({ "a.md": "text" }, (root) => {
    equal(readIfPresent(`${root}/a.md`), "text");
    equal(readIfPresent(`${root}/b.md`), undefined);
  });
});

Deno.test("deno's output is what it prints, without colours", async () => {
  equal(await denoOutput(["eval", "console.log(new Error().name, [1])"], "."), "Error [ 1 ]\n");
});

Deno.test("a run of deno that fails is rejected with what it said", async () => {
  await rejects(denoOutput(["eval", "throw new Error('so it is')"], "."), /so it is/);
});

Deno.test("a linter with findings has done its work", async () => {
  await withTree({ "a.ts": "var x = 1;\n", "deno.json": "{}" }, async (root) => {
    match(await denoOutput(["lint", "--json", "a.ts"], root, { findings: true }), /no-var/);
    await rejects(denoOutput(["lint", "--json", "a.ts"], root));
  });
});
