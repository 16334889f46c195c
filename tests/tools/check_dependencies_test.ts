import { deepEqual } from "node:assert/strict";
import { dependencyGaps, differences } from "../../tools/check_dependencies.ts";

/** A guide whose section has a row for each of these packages. */
function guideTo(...names: readonly string[]): string {
  const rows = names.map((name) => `| \`${name}\` | why |\n`).join("");
  return `## Build\n| \`task\` | what |\n\n## Dependencies\n|---|---|\n${rows}\n## End\n| \`x\` | y |\n`;
}

Deno.test("pinned packages with a row have no gap, scoped and mapped ones included", () => {
  const imports = {
    "ws": "npm:ws@8.23.0",
    "@noble/curves/": "npm:/@noble/curves@2.4.0/",
    "gallimimus": "./mod.ts",
  };
  deepEqual(dependencyGaps(imports, guideTo("ws", "@noble/curves")), []);
});

Deno.test("a version before the first release is exact", () => {
  deepEqual(dependencyGaps({ ws: "npm:ws@1.0.0-beta.17" }, guideTo("ws")), []);
});

Deno.test("a range, a tag or no version at all is a gap", () => {
  for (const target of ["npm:ws@^8.0.0", "npm:ws@8", "npm:ws@latest"]) {
    deepEqual(dependencyGaps({ ws: target }, guideTo("ws")), [
      `ws: ${target} is not an exact version`,
    ]);
  }
});

Deno.test("a package without a row is a gap", () => {
  deepEqual(dependencyGaps({ ws: "npm:ws@8.23.0" }, "## Dependencies\nUse `ws` with care.\n"), [
    "ws: CONTRIBUTING.md gives no reason for it",
  ]);
});

Deno.test("a row without a package is a gap", () => {
  deepEqual(dependencyGaps({}, guideTo("ws")), ["ws: explained but not imported"]);
});

Deno.test("what is set for the tests alone is a gap, unless it is a package", () => {
  const config = {
    imports: { gallimimus: "./mod.ts" },
    compilerOptions: { strict: true },
    test: { sanitizeOps: true },
    fmt: { lineWidth: 100, exclude: ["tests/vectors/"] },
  };
  const ofTests = {
    ...config,
    imports: { gallimimus: "../mod.ts", ws: "npm:ws@8.23.0" },
    fmt: { lineWidth: 100, exclude: ["vectors/"] },
  };
  deepEqual(differences(config, ofTests), []);
  const other = {
    ...ofTests,
    compilerOptions: { strict: true, noImplicitAny: false },
    test: {},
    fmt: { lineWidth: 80, exclude: [] },
  };
  deepEqual(differences(config, other), [
    "tests/deno.json: compilerOptions.noImplicitAny is not undefined, as in deno.json",
    "tests/deno.json: test.sanitizeOps is not true, as in deno.json",
    "tests/deno.json: fmt.lineWidth is not 100, as in deno.json",
    'tests/deno.json: fmt.exclude is not ["vectors/"], as in deno.json',
  ]);
});
