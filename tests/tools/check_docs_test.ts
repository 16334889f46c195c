import { deepEqual } from "node:assert/strict";
import { docGaps, readDocs } from "../../tools/check_docs.ts";
import { withTree } from "../kit/temporary_tree.ts";

/** The gaps of a project that has these files. */
function gaps(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  return withTree({ "deno.json": "{}", ...files }, async (root) => {
    const real = await Deno.realPath(root);
    return docGaps(await readDocs(real), `${new URL(`file://${real}`).href}/`);
  });
}

const opening = "/**\n * What it is.\n *\n * @module\n */\n";

Deno.test("a documented export has no gap, and neither has what is not exported", async () => {
  const source = `${opening}
/** A number. */
export const one = 1;
/** A shape. */
export interface Shape { readonly size: number }
/**
 * A way.
 *
 * @example
 * \`\`\`ts
 * way();
 * \`\`\`
 */
export function way(): void {}
function hidden(): void { way(); }
hidden();
`;
  deepEqual(await gaps({ "src/base/a.ts": source }), []);
});

Deno.test("a file without a module comment is a gap", async () => {
  deepEqual(await gaps({ "src/base/a.ts": "/** One. */\nexport const one = 1;\n" }), [
    "src/base/a.ts: no @module comment",
  ]);
});

Deno.test("an export of any kind without a docstring is a gap", async () => {
  const source = `${opening}export const one = 1;
export interface Shape { readonly size: number }
export type Size = number;
export function way(): void {}
export class Thing {}
`;
  deepEqual(await gaps({ "src/base/a.ts": source }), [
    "src/base/a.ts:6: variable one has no docstring",
    "src/base/a.ts:7: interface Shape has no docstring",
    "src/base/a.ts:8: typeAlias Size has no docstring",
    "src/base/a.ts:9: function way has no docstring",
    "src/base/a.ts:10: class Thing has no docstring",
  ]);
});

Deno.test("a function or class of the public API without an example is a gap, another is none", async () => {
  const source = `${opening}/** A way. */
export function way(): void {}
/** A thing. */
export class Thing {}
`;
  deepEqual(await gaps({ "src/net/server/listen.ts": source, "src/net/a.ts": source }), [
    "src/net/server/listen.ts:7: function way has no @example",
    "src/net/server/listen.ts:9: class Thing has no @example",
  ]);
});

Deno.test("an error class needs no example", async () => {
  const source = `${opening}/** It failed. */\nexport class Failed extends Error {}\n`;
  deepEqual(await gaps({ "src/net/client/dial.ts": source }), []);
});

Deno.test("one documented overload speaks for all", async () => {
  const source = `${opening}/**
 * A way.
 *
 * @example
 * \`\`\`ts
 * way(1);
 * \`\`\`
 */
export function way(a: number): void;
export function way(a: string): void;
export function way(_a: unknown): void {}
`;
  deepEqual(await gaps({ "src/net/a.ts": source }), []);
});

Deno.test("what a file passes on is documented where it is made", async () => {
  deepEqual(
    await gaps({
      "mod.ts": `${opening}export { one } from "./src/base/a.ts";\n`,
      "src/base/a.ts": `${opening}/** One. */\nexport const one = 1;\n`,
    }),
    [],
  );
});

Deno.test("a project without sources has no gap", async () => {
  deepEqual(await gaps({}), []);
});
