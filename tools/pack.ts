/**
 * Lays out what a relay needs to run, and nothing of what its tests need: the folder that `npm pack`
 * packs and that the container image holds. `deno task pack [DIRECTORY]`, by default `dist/package`.
 *
 * @module
 */

import { filesUnder } from "./source_files.ts";

/** The import map of `deno.json`. */
export type Imports = Readonly<Record<string, string>>;

/** What `deno.lock` says of one package. */
interface LockedPackage {
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

/** A lock file of version 5, as far as it is read here. */
export interface Lock {
  readonly version: string;
  /** From what is asked for to the version that was found: `npm:a@1.0.0` to `1.0.0`. */
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, LockedPackage>>;
  readonly workspace: { readonly dependencies: readonly string[] };
}

/** The files and folders that are copied as they are. */
const COPIED = [
  ...["mod.ts", "sockets.ts", "src", "migrations", "docs", "config.toml"],
  ...["README.md", "CHANGELOG.md", "BEHAVIOR.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "LICENSE"],
];

/** The tasks that make sense without tests and tools. */
const TASKS = ["start", "gallimimus"];

/** The least Node that runs the launcher. */
const NODE = ">=18";

/**
 * The imports that `code` uses, and those of the package itself.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { usedImports } from "./pack.ts";
 *
 * const imports = { a: "npm:a@1.0.0", "b/": "npm:/b@2.0.0/", c: "npm:c@3.0.0", own: "./mod.ts" };
 * deepEqual(Object.keys(usedImports(imports, 'import "b/x.js"; await import("c");')), [
 *   "b/",
 *   "c",
 *   "own",
 * ]);
 * ```
 */
export function usedImports(imports: Imports, code: string): Imports {
  const texts = [...code.matchAll(/\b(?:from|import|resolve)\s*\(?\s*"([^"\n]+)"/g)]
    .map(([, text]) => text!);
  const isUsed = (name: string) =>
    name.endsWith("/") ? texts.some((text) => text.startsWith(name)) : texts.includes(name);
  return Object.fromEntries(
    Object.entries(imports).filter(([name, target]) => target.startsWith("./") || isUsed(name)),
  );
}

/**
 * The part of a lock file that these imports need.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { prunedLock } from "./pack.ts";
 *
 * const lock = {
 *   version: "5",
 *   specifiers: { "npm:a@1.0.0": "1.0.0", "npm:c@3.0.0": "3.0.0" },
 *   npm: { "a@1.0.0": { dependencies: ["b"] }, "b@2.0.0": {}, "c@3.0.0": {} },
 *   workspace: { dependencies: ["npm:a@1.0.0", "npm:c@3.0.0"] },
 * };
 * deepEqual(Object.keys(prunedLock(lock, { a: "npm:a@1.0.0" }).npm), ["a@1.0.0", "b@2.0.0"]);
 * ```
 */
export function prunedLock(lock: Lock, imports: Imports): Lock {
  const wanted = new Set(Object.values(imports).map(specifierOf));
  const isWanted = (specifier: string) => wanted.has(specifier);
  const specifiers = Object.fromEntries(
    Object.entries(lock.specifiers).filter(([specifier]) => isWanted(specifier)),
  );
  const kept = new Set<string>();
  const waiting = Object.entries(specifiers)
    .map(([specifier, version]) => `${packageOf(specifier)}@${version}`);
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const { dependencies = [], optionalDependencies = [] } = lock.npm[key] ?? {};
    if (lock.npm[key] === undefined) throw new Error(`deno.lock does not have ${key}`);
    if (kept.has(key)) continue;
    kept.add(key);
    for (const name of [...dependencies, ...optionalDependencies]) waiting.push(keyOf(lock, name));
  }
  const npm = Object.fromEntries(
    Object.entries(lock.npm).filter(([key]) => kept.has(key))
      .map(([key, locked]) => [key, withShortNames(locked, kept)]),
  );
  return {
    version: lock.version,
    specifiers,
    npm,
    workspace: { dependencies: lock.workspace.dependencies.filter(isWanted) },
  };
}

/** A dependency stands without its version where there is only one. */
function keyOf({ npm }: Lock, name: string): string {
  if (npm[name] !== undefined) return name;
  const key = Object.keys(npm).find((key) => key.startsWith(`${name}@`));
  if (key === undefined) throw new Error(`deno.lock does not have ${name}`);
  return key;
}

/** Deno leaves out the version of a dependency where the lock file has only one. */
function withShortNames(locked: LockedPackage, kept: ReadonlySet<string>): LockedPackage {
  const shortened = (names: readonly string[]) =>
    names.map((name) => {
      const bare = name.replace(/(?<=.)@.*$/, "");
      return [...kept].filter((key) => key.startsWith(`${bare}@`)).length === 1 ? bare : name;
    });
  const { dependencies, optionalDependencies } = locked;
  return {
    ...locked,
    ...dependencies && { dependencies: shortened(dependencies) },
    ...optionalDependencies && { optionalDependencies: shortened(optionalDependencies) },
  };
}

/** A lock file as Deno writes it: another form of the same counts as out of date. */
function lockText(lock: Lock): string {
  const text = JSON.stringify(lock, undefined, 2);
  return text.replace(
    /("(?:os|cpu|libc)": )\[([^\]]*)\]/g,
    (_, name: string, list: string) => `${name}[${list.trim().replace(/,\s+/g, ", ")}]`,
  ) + "\n";
}

/** `npm:/@noble/curves@2.4.0/` → `npm:@noble/curves@2.4.0` */
function specifierOf(target: string): string {
  return target.replace(/^npm:\//, "npm:").replace(/\/$/, "");
}

/** `npm:@noble/curves@2.4.0` → `@noble/curves` */
function packageOf(specifier: string): string {
  return specifier.slice("npm:".length, specifier.lastIndexOf("@"));
}

/** Writes the folder. What is there already goes. */
export async function pack(root: string, directory: string, denoVersion: string): Promise<void> {
  await Deno.remove(directory, { recursive: true }).catch(ignoreMissing);
  await Deno.mkdir(`${directory}/bin`, { recursive: true });
  for (const name of COPIED) await copy(`${root}/${name}`, `${directory}/${name}`);
  await Deno.copyFile(`${root}/packaging/npm/gallimimus.mjs`, `${directory}/bin/gallimimus.mjs`);
  await Deno.chmod(`${directory}/bin/gallimimus.mjs`, 0o755);

  const settings = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const files = ["mod.ts", "sockets.ts", ...filesUnder(root, "src", ".ts")];
  const code = await Promise.all(files.map((file) => Deno.readTextFile(`${root}/${file}`)));
  const imports = usedImports(settings.imports, code.join("\n"));
  const lock = prunedLock(JSON.parse(await Deno.readTextFile(`${root}/deno.lock`)), imports);
  const { name, version, license, exports, tasks, compilerOptions } = settings;
  await Deno.writeTextFile(`${directory}/deno.lock`, lockText(lock));
  await writeJson(`${directory}/deno.json`, {
    ...{ name, version, license, exports, imports, compilerOptions },
    tasks: Object.fromEntries(TASKS.map((task) => [task, tasks[task]])),
    lock: { path: "./deno.lock" },
  });
  await writeJson(`${directory}/package.json`, {
    name,
    version,
    description: "A Nostr relay on Deno with Postgres underneath",
    keywords: ["nostr", "relay", "postgres", "deno"],
    license,
    type: "module",
    bin: { gallimimus: "bin/gallimimus.mjs" },
    dependencies: { deno: denoVersion },
    engines: { node: NODE },
  });
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

if (import.meta.main) {
  const [directory = "dist/package"] = Deno.args;
  await pack(".", directory, Deno.version.deno);
  console.log(`laid out in ${directory}`);
}
