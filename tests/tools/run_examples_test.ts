import { deepEqual, match } from "node:assert/strict";
import { examplesIn, testModule } from "../../tools/run_examples.ts";

const fence = "```";
const docstring = `/**
 * Adds.
 *
 * @example
 * ${fence}ts
 * import {
 *   add,
 *   equal,
 * } from "../sum/add.ts";
 *
 * if (add(1, 2) !== 3) {
 *   throw new Error(import.meta.url);
 * }
 * ${fence}
 *
 * ${fence}ts ignore
 * add(never);
 * ${fence}
 */
`;

Deno.test("an example of a docstring is a test of its own, with what it imports from beside its file", () => {
  const [example, ...others] = examplesIn(docstring);
  deepEqual(others, []);
  const module = testModule(example!, new URL("file:///relay/src/a/b.ts"));
  deepEqual(module.split("\n"), [
    ...["import {", "  add,", "  equal,", '} from "file:///relay/src/sum/add.ts";'],
    'Deno.test("file:///relay/src/a/b.ts:5", async () => {',
    ...["if (add(1, 2) !== 3) {", '  throw new Error("file:///relay/src/a/b.ts");', "}"],
    ...["});", ""],
  ]);
});

Deno.test("examples of Markdown are found, and what is no TypeScript is not", () => {
  const text = `# Title\n\n${fence}sh\nrun\n${fence}\n\n${fence}ts\nlet a = 1;\n${fence}\n`;
  deepEqual(examplesIn(text), [{ code: "let a = 1;\n", line: 7 }]);
});

Deno.test("packages keep their names", () => {
  const code = 'import { listen } from "gallimimus/sockets";\nlisten();\n';
  match(
    testModule({ code, line: 1 }, new URL("file:///a.ts")),
    /^import .* "gallimimus\/sockets";/,
  );
});
