import { deepEqual, equal } from "node:assert/strict";
import { isKept, measureFunctions, styleFigures } from "../../tools/check_style.ts";
import { withTree } from "../kit/temporary_tree.ts";

/** A figure's value, by the beginning of its name. */
function value(
  name: string,
  files: Readonly<Record<string, string>>,
  functionLines: readonly number[] = [],
): number | undefined {
  const figures = styleFigures({ functionLines, files: new Map(Object.entries(files)) });
  return figures.find((figure) => figure.name.startsWith(name))?.value;
}

Deno.test("lengths of functions are summed up as median, 90th percentile and longest", () => {
  const lines = [30, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  equal(value("function lines, median", {}, lines), 6);
  equal(value("function lines, 90th", {}, lines), 30);
  equal(value("function lines, longest", {}, lines), 30);
});

Deno.test("the share of comments is counted in lines, and empty lines are none", () => {
  const files = { "src/base/a.ts": "/**\n * Why.\n */\n\ncode(); // not this\n// this\ncode();\n" };
  equal(value("comment share of base", files), 0.67);
});

Deno.test("a room's share is its own", () => {
  const files = { "src/base/a.ts": "// why\n", "src/nostr/a.ts": "code();\n" };
  equal(value("comment share of base", files), 1);
  equal(value("comment share of nostr", files), 0);
});

Deno.test("tests are weighed against sources by their filled lines", () => {
  const files = { "src/app/a.ts": "a();\n\nb();\n", "tests/app/a_test.ts": "t();\n\n\n" };
  equal(value("test lines", files), 0.5);
});

Deno.test("an empty project keeps every bound", () => {
  equal(styleFigures({ functionLines: [], files: new Map() }).every(isKept), true);
});

Deno.test("a bound holds at its very value", () => {
  equal(isKept({ name: "", value: 10, atMost: 10 }), true);
  equal(isKept({ name: "", value: 11, atMost: 10 }), false);
  equal(isKept({ name: "", value: 0.3, atLeast: 0.3 }), true);
  equal(isKept({ name: "", value: 0.29, atLeast: 0.3 }), false);
});

Deno.test("functions with a name are measured from signature to closing brace", async () => {
  const source = `
/** Not counted. */
export function two() {
}
export class A {
  get three() {

  }
}
export const four = () => {
  return [1].map((n) => {
    return n;
  });
};
export const expression = () => 1;
`;
  await withTree({ "src/base/a.ts": source }, async (root) => {
    deepEqual([...await measureFunctions(root)].sort(), [2, 3, 5]);
  });
});

Deno.test("a project without functions has no lengths", async () => {
  await withTree({ "src/base/a.ts": "export const x = 1;\n" }, async (root) => {
    deepEqual(await measureFunctions(root), []);
  });
});
