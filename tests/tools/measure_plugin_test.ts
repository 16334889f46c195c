import { deepEqual } from "node:assert/strict";
import plugin from "../../tools/measure_plugin.ts";

/** The lengths that the plugin reports for a source. */
function lengths(source: string): readonly string[] {
  return Deno.lint.runPlugin(plugin, "a.ts", source).map(({ message }) => message);
}

Deno.test("functions, methods, accessors and constructors are measured", () => {
  deepEqual(lengths("function f() {\n}"), ["2"]);
  deepEqual(lengths("export async function* f() {\n\n}"), ["3"]);
  deepEqual(lengths("class A { m() {\n} get a() {\n\n} constructor() {\n\n\n} }"), ["2", "3", "4"]);
});

Deno.test("a function that a variable or a property names is measured", () => {
  deepEqual(lengths("const f = () => {\n};"), ["2"]);
  deepEqual(lengths("const f = function () {\n};"), ["2"]);
  deepEqual(lengths("const o = { f: () => {\n}, g() {\n\n} };"), ["2", "3"]);
});

Deno.test("what has no name or no block is not", () => {
  deepEqual(lengths("list.map((x) => {\n return x; });"), []);
  deepEqual(lengths("const f = (x) =>\n x;"), []);
});
