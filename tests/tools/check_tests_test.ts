import { deepEqual } from "node:assert/strict";
import { type Project, readProject, testGaps } from "../../tools/check_tests.ts";
import { withTree } from "../kit/temporary_tree.ts";

const noExceptions = { weakened: {} };

/** The gaps of a project with these files and exceptions. */
function gaps(
  files: Readonly<Record<string, string>>,
  exceptions: Partial<Project> = {},
): readonly string[] {
  return testGaps({ files: new Map(Object.entries(files)), ...noExceptions, ...exceptions });
}

const test = 'Deno.test("it acts", () => {});\n';

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

Deno.test("an exception with a reason covers a finding", () => {
  const files = { "tests/net/b_test.ts": 'Deno.test.ignore("a", f);' };
  const weakened = { "tests/net/b_test.ts": "needs a kernel of 2040" };
  deepEqual(gaps(files, { weakened }), []);
});

Deno.test("an exception that nothing needs is a gap", () => {
  deepEqual(gaps({}, { weakened: { "tests/base/a_test.ts": "once" } }), [
    "tests/base/a_test.ts: an exception in check_tests.ts that is not needed",
  ]);
});

Deno.test("a project is read from its folder", async () => {
  const tree = { "src/base/a.ts": "export {};\n", "tests/base/a_test.ts": test };
  await withTree(tree, (root) => {
    deepEqual([...readProject(root)], [["tests/base/a_test.ts", test]]);
  });
});
