/**
 * Checks that every export of `src/` has a docstring, and that every function and class of the
 * public API has an example, except errors.
 *
 * @module
 */

import { denoOutput, exitWith, filesUnder, readIfPresent } from "./source_files.ts";

/** The part of `deno doc --json` that is used, by file URL. */
export type DocNodes = Readonly<Record<string, DocFile>>;

/** The exports of one file. */
export interface DocFile {
  readonly module_doc?: JsDoc;
  readonly symbols?: readonly DocSymbol[];
}

/** One name, with a declaration for each overload or merged meaning. */
export interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly location: { readonly filename: string; readonly line: number };
    readonly declarationKind: string;
    readonly kind: string;
    readonly jsDoc?: JsDoc;
    readonly def?: { readonly extends?: string };
  }[];
}

/** The files that `mod.ts` and `sockets.ts` export functions and classes from. */
const publicFiles: ReadonlySet<string> = new Set([
  "src/app/embedded/create_relay.ts",
  "src/net/buffered_reader.ts",
  "src/net/server/accept_sockets.ts",
  "src/net/datagram.ts",
  "src/net/client/dial.ts",
  "src/net/address/ip_address.ts",
  "src/net/client/lasting_connection.ts",
  "src/net/server/listen.ts",
  "src/net/address/primary_address.ts",
  "src/net/client/websocket_client.ts",
]);

/** A comment with its tags. */
export interface JsDoc {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string }[];
}

/**
 * The gaps in the documentation of the given files, one sentence for each. Re-exports are checked
 * in the file that declares them.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { docGaps } from "./check_docs.ts";
 *
 * deepEqual(docGaps({ "file:///src/base/empty.ts": {} }, "file:///"), [
 *   "src/base/empty.ts: no @module comment",
 * ]);
 * ```
 */
export function docGaps(nodes: DocNodes, rootUrl: string): readonly string[] {
  const gaps: string[] = [];
  for (const [url, file] of Object.entries(nodes)) {
    const path = url.startsWith(rootUrl) ? url.slice(rootUrl.length) : url;
    if (!isFilled(file.module_doc)) gaps.push(`${path}: no @module comment`);
    for (const symbol of file.symbols ?? []) {
      const gap = symbolGap(symbol, { url, path });
      if (gap !== undefined) gaps.push(`${path}:${gap}`);
    }
  }
  return gaps;
}

/** What one name lacks, after its line. */
function symbolGap(
  { name, declarations }: DocSymbol,
  { url, path }: { readonly url: string; readonly path: string },
): string | undefined {
  const own = declarations.filter((each) =>
    each.declarationKind === "export" && each.kind !== "reference" && each.location.filename === url
  );
  const [first] = own;
  if (first === undefined) return undefined;
  const at = `${first.location.line + 1}: ${first.kind} ${name}`;
  if (!own.some((each) => isSaid(each.jsDoc))) return `${at} has no docstring`;
  if (first.kind !== "function" && first.kind !== "class") return undefined;
  // Errors need no example: they are created in one place and caught in another.
  if (first.def?.extends === "Error") return undefined;
  if (!publicFiles.has(path)) return undefined;
  return own.some((each) => hasTag(each.jsDoc, "example")) ? undefined : `${at} has no @example`;
}

/** `deno doc` attributes a module comment to an export that follows it directly. */
function isSaid(doc: JsDoc | undefined): boolean {
  return !hasTag(doc, "module") && isFilled(doc);
}

function isFilled(doc: JsDoc | undefined): boolean {
  return (doc?.doc ?? "").trim() !== "";
}

function hasTag(doc: JsDoc | undefined, kind: string): boolean {
  return doc?.tags?.some((tag) => tag.kind === kind) ?? false;
}

/**
 * The documentation of `mod.ts` and all of `src/`.
 *
 * @param root The directory that has `src/`.
 */
export async function readDocs(root: string): Promise<DocNodes> {
  const files = [...filesUnder(root, "src", ".ts")];
  for (const door of ["mod.ts", "sockets.ts"]) {
    if (readIfPresent(`${root}/${door}`) !== undefined) files.push(door);
  }
  if (files.length === 0) return {};
  const { nodes } = JSON.parse(await denoOutput(["doc", "--json", ...files], root));
  return nodes;
}

if (import.meta.main) {
  const root = await Deno.realPath(Deno.cwd());
  exitWith(docGaps(await readDocs(root), `${new URL(`file://${root}`).href}/`));
}
