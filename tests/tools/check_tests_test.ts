import { deepEqual } from "node:assert/strict";
import { type Project, readProject, testGaps } from "../../tools/check_tests.ts";
import { withTree } from "../kit/temporary_tree.ts";

const noExceptions = { untested: {}, unmirrored: {}, weakened: {} };

/** The gaps of a project with these files and exceptions. */
function gaps(
  files: Readonly<Record<string, string>>,
  exceptions: Partial<Project> = {},
): readonly string[] {
  return testGaps({ files: new Map(Object.entries(files)), ...noExceptions, ...exceptions });
}

const source = "export function act(): void {}\n";
const test = 'Deno.test("it acts", () => {});\n';

Deno.test("a mirrored project has no gap, folders in rooms included", () => {
  deepEqual(
    gaps({
      "src/relay/policies/pow.ts": source,
      "tests/relay/policies/pow_test.ts": test,
      "tests/wire/anything_test.ts": test,
      "tests/kit/clock.ts": source,
    }),
    [],
  );
});

Deno.test("every kind of behaviour needs a test file", () => {
  const kinds = [
    "export function f() {}",
    "export async function f() {}",
    "export class A {}",
    "export abstract class A {}",
    "export const x = 1;",
    "export enum E {}",
    "export default {};",
  ];
  for (const kind of kinds) {
    deepEqual(gaps({ "src/base/a.ts": `import "./b.ts";\n${kind}\n` }), [
      "src/base/a.ts: no tests/base/a_test.ts",
    ]);
  }
});

Deno.test("types and what is passed on need none", () => {
  const text = 'export type A = 1;\nexport interface B {}\nexport { c } from "./c.ts";\n';
  deepEqual(gaps({ "src/base/a.ts": text }), []);
  deepEqual(gaps({ "src/base/a.ts": "export class Failed extends Error {}\n" }), []);
});

Deno.test("a test file of a room that mirrors nothing is a gap", () => {
  deepEqual(gaps({ "tests/net/gone_test.ts": test }), [
    "tests/net/gone_test.ts: tests no file: src/net/gone.ts does not exist",
  ]);
});

Deno.test("a test that is off, or runs alone, is a gap", () => {
  const weak = [
    'Deno.test.ignore("a", f);',
    'Deno.test.only("a", f);',
    'Deno.test({ name: "a", ignore: true, fn() {} });',
    'Deno.test({\n  only: true,\n  name: "a",\n  fn() {},\n});',
    'await t.step({ name: "a", ignore: !here, fn() {} });',
  ];
  for (const text of weak) {
    deepEqual(gaps({ "tests/e2e/a_test.ts": text }), [
      "tests/e2e/a_test.ts: a test is ignored or runs alone",
    ]);
  }
});

Deno.test("a test without its leak checks is a gap", () => {
  for (const option of ["sanitizeOps", "sanitizeResources", "sanitizeExit"]) {
    const text = `Deno.test({ name: "a", ${option}: false, fn() {} });`;
    deepEqual(gaps({ "tests/e2e/a_test.ts": text }), ["tests/e2e/a_test.ts: a leak check is off"]);
  }
});

Deno.test("the words ignore and only elsewhere in a test are words", () => {
  const text = 'Deno.test("only these, ignore those", () => { f({ ignore: true }); });';
  deepEqual(gaps({ "tests/e2e/a_test.ts": text }), []);
});

Deno.test("an exception with a reason covers a finding of its list", () => {
  const files = { "src/base/a.ts": source, "tests/net/b_test.ts": 'Deno.test.ignore("a", f);' };
  deepEqual(
    gaps(files, {
      untested: { "src/base/a.ts": "tested as part of b" },
      unmirrored: { "tests/net/b_test.ts": "spans the room" },
      weakened: { "tests/net/b_test.ts": "needs a kernel of 2040" },
    }),
    [],
  );
});

Deno.test("an exception that nothing needs is a gap", () => {
  deepEqual(gaps({}, { untested: { "src/base/a.ts": "once" } }), [
    "src/base/a.ts: an exception in check_tests.ts that is not needed",
  ]);
});

Deno.test("a project is read from its folders", async () => {
  const tree = { "src/base/a.ts": source, "tests/base/a_test.ts": test, "tools/c.ts": source };
  await withTree(tree, (root) => {
    deepEqual([...readProject(root)], [["src/base/a.ts", source], ["tests/base/a_test.ts", test]]);
  });
});
