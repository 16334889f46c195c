import { deepEqual, equal } from "node:assert/strict";
import { type Import, importsOf, roomBreaches } from "../../tools/check_rooms.ts";
import { withTree } from "../kit/temporary_tree.ts";

/** The breaches of a project that has these files besides an import map. */
function breaches(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const tree = { "deno.json": '{"imports":{"kit/":"./tests/kit/"}}', ...files };
  return withTree(tree, async (root) => roomBreaches(await importsOf(root)));
}

const empty = "export const x = 1;\nexport type X = number;\n";

Deno.test("a project whose imports follow the table has no breach", async () => {
  deepEqual(
    await breaches({
      "mod.ts": 'export * from "./src/app/serve.ts";',
      "src/app/serve.ts": 'import "../net/listener.ts";\nimport "node:fs";\nexport const x = 1;',
      "src/net/listener.ts": 'import "node:http";\nimport "../base/a.ts";\nimport "./other.ts";',
      "src/net/other.ts": empty,
      "src/base/a.ts": empty,
      "src/relay/a.ts": 'import type { X } from "../store/event_store.ts";\nexport type Y = X;',
      "src/store/event_store.ts": empty,
    }),
    [],
  );
});

Deno.test("a room may not import one that the table does not give it", async () => {
  deepEqual(
    await breaches({
      "src/relay/a.ts": 'import "../net/b.ts";',
      "src/net/b.ts": 'import "../nostr/c.ts";',
      "src/nostr/c.ts": empty,
      "src/base/d.ts": 'import "../nostr/c.ts";',
    }),
    [
      'src/base/d.ts imports "../nostr/c.ts": base may not import nostr',
      'src/net/b.ts imports "../nostr/c.ts": net may not import nostr',
      'src/relay/a.ts imports "../net/b.ts": relay may not import net',
    ],
  );
});

Deno.test("a forbidden import counts as a type and as a re-export, too", async () => {
  deepEqual(
    await breaches({
      "src/base/a.ts": 'import type { X } from "../nostr/c.ts";\nexport type Y = X;',
      "src/base/b.ts": 'export { x } from "../nostr/c.ts";',
      "src/nostr/c.ts": empty,
    }),
    [
      'src/base/a.ts imports "../nostr/c.ts": base may not import nostr',
      'src/base/b.ts imports "../nostr/c.ts": base may not import nostr',
    ],
  );
});

Deno.test("relay may import types of the store's port, but neither values nor other files", async () => {
  deepEqual(
    await breaches({
      "src/relay/a.ts": 'import { x } from "../store/event_store.ts";\nexport const y = x;',
      "src/relay/b.ts": 'import type { X } from "../store/memory.ts";\nexport type Y = X;',
      "src/store/event_store.ts": empty,
      "src/store/memory.ts": empty,
    }),
    [
      'src/relay/a.ts imports "../store/event_store.ts": ' +
      "relay may import only types of store/event_store.ts",
      'src/relay/b.ts imports "../store/memory.ts": relay may not import store',
    ],
  );
});

Deno.test("http may import types of any file of relay, but no values", async () => {
  deepEqual(
    await breaches({
      "src/http/a.ts": 'import type { X } from "../relay/c.ts";\nexport type Y = X;',
      "src/http/b.ts": 'import { x } from "../relay/c.ts";\nexport const y = x;',
      "src/relay/c.ts": empty,
    }),
    ['src/http/b.ts imports "../relay/c.ts": http may import only types of relay/c.ts'],
  );
});

Deno.test("a module of the runtime needs a line in the table", async () => {
  deepEqual(
    await breaches({
      "src/base/a.ts": 'import "node:buffer";',
      "src/net/b.ts": 'import "node:fs";',
      "src/app/c.ts": 'import "node:fs";',
    }),
    [
      'src/base/a.ts imports "node:buffer": base may not import node:buffer',
      'src/net/b.ts imports "node:fs": net may not import node:fs',
    ],
  );
});

/** An import of a package, as it looks once resolved: this needs no registry. */
function packageImport(file: string, specifier: string, target: string): Import {
  return { file, specifier, target, typeOnly: false };
}

Deno.test("a package needs a line in the table", () => {
  deepEqual(
    roomBreaches([
      packageImport("src/store/a.ts", "postgres", "npm:postgres@3.4.9"),
      packageImport("src/relay/b.ts", "postgres", "npm:postgres@3.4.9"),
      packageImport("src/signatures/c.ts", "@noble/curves/x.js", "npm:/@noble/curves@2.4.0/x.js"),
      packageImport("src/base/d.ts", "@noble/curves/x.js", "npm:/@noble/curves@2.4.0/x.js"),
    ]),
    [
      'src/relay/b.ts imports "postgres": relay may not import the package postgres',
      'src/base/d.ts imports "@noble/curves/x.js": base may not import the package @noble/curves',
    ],
  );
});

Deno.test("a package belongs to one file of its room; types of it may go further", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) =>
    packageImport(`src/store/${name}.ts`, "postgres", "npm:postgres@3.4.9")
  ) as [Import, Import, Import];
  deepEqual(roomBreaches([a, { ...b, typeOnly: true }]), []);
  deepEqual(roomBreaches([c, a]), [
    'src/store/a.ts, src/store/c.ts import "postgres": a package belongs to one file of store',
  ]);
});

Deno.test("what lies outside of src/ is out of reach, whatever the path to it", async () => {
  deepEqual(
    await breaches({
      "src/base/a.ts": 'import "../../tests/kit/clock.ts";',
      "src/app/b.ts": 'import "kit/clock.ts";',
      "src/app/c.ts": 'import "../../mod.ts";',
      "mod.ts": empty,
      "tests/kit/clock.ts": empty,
    }),
    [
      'src/app/b.ts imports "kit/clock.ts": app may import only what is under src/',
      'src/app/c.ts imports "../../mod.ts": app may import only what is under src/',
      'src/base/a.ts imports "../../tests/kit/clock.ts": base may import only what is under src/',
    ],
  );
});

Deno.test("modules from the web are out of reach", () => {
  deepEqual(roomBreaches([packageImport("src/app/a.ts", "jsr:@std/http", "jsr:@std/http")]), [
    'src/app/a.ts imports "jsr:@std/http": app may import only what is under src/',
  ]);
});

Deno.test("a folder that the table does not know is no room", async () => {
  deepEqual(
    await breaches({
      "src/cellar/a.ts": 'import "../base/b.ts";',
      "src/base/b.ts": empty,
    }),
    ['src/cellar/a.ts imports "../base/b.ts": cellar is not a room'],
  );
});

Deno.test("a dynamic import is an import", async () => {
  deepEqual(
    await breaches({
      "src/base/a.ts": 'export const load = () => import("../nostr/b.ts");',
      "src/nostr/b.ts": empty,
    }),
    ['src/base/a.ts imports "../nostr/b.ts": base may not import nostr'],
  );
});

Deno.test("a folder of a room imports of the other folders what its row says", () => {
  const between = (file: string, target: string) =>
    roomBreaches([{ file, specifier: "x", target, typeOnly: false }]).length;
  equal(between("src/store/database/a.ts", "src/store/read/b.ts"), 1);
  equal(between("src/store/read/a.ts", "src/store/database/b.ts"), 0);
  equal(between("src/store/database/a.ts", "src/store/event_store.ts"), 0);
  equal(between("src/store/sql_store.ts", "src/store/write/b.ts"), 0);
  equal(between("src/net/client/a.ts", "src/net/server/b.ts"), 1);
});
