/**
 * Checks imports against the table in `rooms.ts`, using the module graph of `deno info`. Prints the
 * file, the import and the rule that it breaks.
 *
 * @module
 */

import { innerWalls, type Room, rooms } from "./rooms.ts";
import { denoOutput, exitWith, filesUnder, readIfPresent } from "./source_files.ts";

/** One resolved import of a file. */
export interface Import {
  /** The importing file, relative to the root: `src/net/listener.ts` or `mod.ts`. */
  readonly file: string;
  /** The specifier as written. */
  readonly specifier: string;
  /** The target: a path relative to the root, `npm:…`, `node:…`, or any other URL. */
  readonly target: string;
  readonly typeOnly: boolean;
}

/**
 * The forbidden imports of a project, one sentence for each.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { roomBreaches } from "./check_rooms.ts";
 *
 * deepEqual(
 *   roomBreaches([{
 *     file: "src/relay/session.ts",
 *     specifier: "../net/listener.ts",
 *     target: "src/net/listener.ts",
 *     typeOnly: false,
 *   }]),
 *   ['src/relay/session.ts imports "../net/listener.ts": relay may not import net'],
 * );
 * ```
 */
export function roomBreaches(imports: readonly Import[]): readonly string[] {
  const breaches: string[] = [];
  for (const each of imports) {
    const rule = brokenRule(each);
    if (rule !== undefined) breaches.push(`${each.file} imports "${each.specifier}": ${rule}`);
  }
  return [...breaches, ...sharedPackages(imports)];
}

/**
 * Every import of `mod.ts` and of every file under `src/`, reachable from `mod.ts` or not.
 *
 * @param root The directory that has `src/` and `deno.json`.
 */
export async function importsOf(root: string): Promise<readonly Import[]> {
  const files = [...filesUnder(root, "src", ".ts")];
  for (const door of ["mod.ts", "sockets.ts"]) {
    if (readIfPresent(`${root}/${door}`) !== undefined) files.push(door);
  }
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const rootUrl = fileUrl(await Deno.realPath(root));
    await Deno.writeTextFile(
      entry,
      files.map((file) => `import ${JSON.stringify(`${rootUrl}/${file}`)};\n`).join(""),
    );
    const args = ["info", "--json", "--no-lock", "--config", `${root}/deno.json`, entry];
    const graph: Graph = JSON.parse(await denoOutput(args, root));
    return importsIn(graph, `${rootUrl}/`);
  } finally {
    await Deno.remove(entry);
  }
}

/** The part of `deno info --json` that is used. */
interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: Resolution;
      readonly type?: Resolution;
    }[];
  }[];
}

interface Resolution {
  readonly specifier?: string;
  readonly error?: string;
}

function importsIn(graph: Graph, rootUrl: string): readonly Import[] {
  const imports: Import[] = [];
  for (const module of graph.modules) {
    const file = relativeTo(rootUrl, module.specifier);
    if (file !== "mod.ts" && file !== "sockets.ts" && !file.startsWith("src/")) continue;
    for (const { specifier, code, type } of module.dependencies ?? []) {
      const resolved = code?.specifier ?? type?.specifier ?? specifier;
      const target = relativeTo(rootUrl, resolved);
      imports.push({ file, specifier, target, typeOnly: code === undefined });
    }
  }
  return imports;
}

function fileUrl(path: string): string {
  return new URL(`file://${path}`).href;
}

function relativeTo(rootUrl: string, specifier: string): string {
  return specifier.startsWith(rootUrl) ? specifier.slice(rootUrl.length) : specifier;
}

/** The rule that an import breaks, in words, or undefined. */
function brokenRule({ file, target, typeOnly }: Import): string | undefined {
  const room = roomNamed(roomName(file));
  if (room === undefined) return `${roomName(file)} is not a room`;
  if (target.startsWith("node:")) return runtimeRule(room, target);
  if (target.startsWith("npm:")) return packageRule(room, packageName(target));
  if (!target.startsWith("src/")) return `${room.name} may import only what is under src/`;
  const other = roomName(target);
  if (other === room.name) return innerRule(file, target);
  if (room.imports.includes(other)) return undefined;
  const module = target.slice("src/".length);
  if (room.types.includes(module) || room.types.includes(`${other}/*`)) {
    return typeOnly ? undefined : `${room.name} may import only types of ${module}`;
  }
  return `${room.name} may not import ${other}`;
}

/** The rule between folders of one room. */
function innerRule(file: string, target: string): string | undefined {
  const [, , folder, rest] = file.split("/");
  const [, room, other, otherRest] = target.split("/");
  if (rest === undefined || otherRest === undefined || folder === other) return undefined;
  const allowed = innerWalls[`${room}/${folder}`];
  if (allowed === undefined || allowed.includes(other!)) return undefined;
  return `${room}/${folder} may not import ${room}/${other}`;
}

function runtimeRule(room: Room, target: string): string | undefined {
  if (room.runtime.includes("node:*") || room.runtime.includes(target)) return undefined;
  return `${room.name} may not import ${target}`;
}

function packageRule(room: Room, name: string): string | undefined {
  return room.packages.includes(name)
    ? undefined
    : `${room.name} may not import the package ${name}`;
}

/** Packages that two files of one room import. One file per package keeps it replaceable. */
function sharedPackages(imports: readonly Import[]): readonly string[] {
  const users = new Map<string, Set<string>>();
  for (const { file, target, typeOnly } of imports) {
    if (!target.startsWith("npm:") || typeOnly) continue;
    const key = `${roomName(file)} ${packageName(target)}`;
    users.set(key, (users.get(key) ?? new Set()).add(file));
  }
  const breaches: string[] = [];
  for (const [key, files] of users) {
    const [room, name] = key.split(" ");
    if (files.size < 2 || roomNamed(room ?? "")?.packages.includes(name ?? "") !== true) continue;
    const list = [...files].sort().join(", ");
    breaches.push(`${list} import "${name}": a package belongs to one file of ${room}`);
  }
  return breaches;
}

/** `npm:/@noble/curves@2.4.0/secp256k1.js` → `@noble/curves`. */
function packageName(target: string): string {
  const [, name] = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)/.exec(target) ?? [];
  return name ?? target;
}

/**
 * The first folder under `src/`; `mod.ts` is a room of its own, as a file directly in `src/` would
 * be.
 */
function roomName(file: string): string {
  return file.startsWith("src/") ? file.split("/")[1] ?? file : file;
}

function roomNamed(name: string): Room | undefined {
  return rooms.find((room) => room.name === name);
}

if (import.meta.main) exitWith(roomBreaches(await importsOf(Deno.cwd())));
