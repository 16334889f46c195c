/**
 * Runs the examples in docstrings and in `docs/sockets.md`, as `deno test --doc` does, but in one isolate
 * instead of one for each, every one of which would evaluate anew what the example imports.
 * `deno task check:types` checks their types.
 *
 * @module
 */

import { filesUnder } from "./source_files.ts";

/** Where examples are, besides the public modules. */
const folders = ["src", "tools"];
const files = ["mod.ts", "sockets.ts", "docs/sockets.md"];

/** An example: its code, and where it is. */
export interface Example {
  readonly code: string;
  /** The line of the file after which it begins. */
  readonly line: number;
}

/** A fence that opens a block of TypeScript, in Markdown or within a docstring, and one that closes it. */
const OPENING = /^\s*(?:\* )?```ts$/;
const CLOSING = /^\s*(?:\* )?```$/;

/**
 * The blocks of TypeScript in a text, but those that say `ignore`.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { examplesIn } from "./run_examples.ts";
 *
 * const fence = "`".repeat(3);
 * deepEqual(examplesIn(`Text.\n${fence}ts\nrun();\n${fence}\n`), [{ code: "run();\n", line: 2 }]);
 * ```
 */
export function examplesIn(text: string): readonly Example[] {
  const examples: Example[] = [];
  let open: { code: string; line: number } | undefined;
  for (const [at, line] of text.split("\n").entries()) {
    if (open === undefined) {
      if (OPENING.test(line)) open = { code: "", line: at + 1 };
    } else if (CLOSING.test(line)) {
      examples.push(open);
      open = undefined;
    } else open.code += `${line.replace(/^\s*\* ?/, "")}\n`;
  }
  return examples;
}

const IMPORTS = /^import [^;]*;$/gm;
const RELATIVE = /"(\.{1,2}\/[^"]+)"/;

/**
 * The module that registers an example as a test. Wherever it is itself, what the example imports from
 * beside its file comes from there.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { testModule } from "./run_examples.ts";
 *
 * const code = 'import { a } from "./a.ts";\n\na();\n';
 * equal(
 *   testModule({ code, line: 3 }, new URL("file:///src/b.ts")),
 *   'import { a } from "file:///src/a.ts";\nDeno.test("file:///src/b.ts:3", async () => {\na();\n});\n',
 * );
 * ```
 */
export function testModule({ code, line }: Example, file: URL): string {
  const imports = (code.match(IMPORTS) ?? []).map((each) =>
    each.replace(RELATIVE, (_, path: string) => JSON.stringify(new URL(path, file).href)) + "\n"
  );
  const body = code.replace(IMPORTS, "").trimStart()
    .replaceAll("import.meta.url", JSON.stringify(file.href));
  const name = JSON.stringify(`${file.href}:${line}`);
  return `${imports.join("")}Deno.test(${name}, async () => {\n${body}});\n`;
}

async function runExamples(root: URL): Promise<boolean> {
  const paths = [
    ...folders.flatMap((folder) => filesUnder(root.pathname, folder, ".ts")),
    ...files,
  ];
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-examples-" });
  try {
    const modules = paths.flatMap((path) => {
      const file = new URL(path, root);
      return examplesIn(Deno.readTextFileSync(file)).map((each) => testModule(each, file));
    });
    const names = modules.map((_, at) => `./example_${at}.ts`);
    for (const [at, module] of modules.entries()) {
      await Deno.writeTextFile(`${directory}/${names[at]}`, module);
    }
    const all = `${directory}/examples_test.ts`;
    await Deno.writeTextFile(all, names.map((name) => `import "${name}";\n`).join(""));
    const config = new URL("deno.json", root).pathname;
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--config", config, all],
      cwd: root.pathname,
    }).spawn().status;
    return success;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await runExamples(new URL("..", import.meta.url)) ? 0 : 1);
