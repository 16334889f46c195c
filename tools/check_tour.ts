/**
 * Checks that every name in ARCHITECTURE.md exists.
 *
 * @module
 */

import { exitWith, filesUnder, readIfPresent } from "./source_files.ts";

/** The names that may be used. */
export interface Grounds {
  /** Paths of all files, relative to the root. */
  readonly files: readonly string[];
  /** The code of `src/` and `mod.ts`, which is searched for names. */
  readonly code: string;
  /** The names of the tasks in `deno.json`. */
  readonly tasks: readonly string[];
}

/**
 * The names in backticks that do not exist, each with its line. Checked are paths (`net/listener`,
 * `src/net/listener.ts`, `docs/`), names in the code (`EventStore.put`) and tasks (`deno task ok`).
 * Other text in backticks, and fenced blocks, are ignored.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { tourGaps } from "./check_tour.ts";
 *
 * const grounds = { files: ["src/base/select.ts"], code: "function select() {}", tasks: [] };
 * deepEqual(tourGaps("See `base/select.ts`, `select` and `deselect`.", grounds), [
 *   "line 1: `deselect` is not in the code",
 * ]);
 * ```
 */
export function tourGaps(tour: string, grounds: Grounds): readonly string[] {
  const code = withoutComments(grounds.code);
  const names: CodeNames = { words: wordsOf(code), members: membersByOwner(code) };
  const gaps: string[] = [];
  for (const [index, line] of withoutFences(tour).split("\n").entries()) {
    for (const [, name = ""] of line.matchAll(/`([^`]+)`/g)) {
      const gap = gapOf(name, grounds, names);
      if (gap !== undefined) gaps.push(`line ${index + 1}: \`${name}\` ${gap}`);
    }
  }
  return gaps;
}

const namePattern = /^#?[A-Za-z_$][\w$]*(?:\.#?[A-Za-z_$][\w$]*)*(?:\(\))?$/;
const pathPattern = /^[\w.@-]+(?:\/[\w.@*-]*)+$|^[\w-]+\.(?:ts|md|json|toml|sql)$/;

/** The names in the code. */
interface CodeNames {
  readonly words: ReadonlySet<string>;
  /** All words in the declarations of each class and interface. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
}

function wordsOf(code: string): Set<string> {
  return new Set(code.match(/[A-Za-z_$][\w$]*/g));
}

function membersByOwner(code: string): ReadonlyMap<string, ReadonlySet<string>> {
  const members = new Map<string, Set<string>>();
  for (const part of code.split(/^(?=export |class |interface |type |function |const )/m)) {
    const owner = /^\s*(?:export )?(?:abstract )?(?:class|interface) (\w+)/.exec(part)?.[1];
    if (owner === undefined) continue;
    members.set(owner, (members.get(owner) ?? new Set<string>()).union(wordsOf(part)));
  }
  return members;
}

function gapOf(name: string, grounds: Grounds, names: CodeNames): string | undefined {
  const task = /^deno task ([\w:-]+)/.exec(name)?.[1];
  if (task !== undefined) return grounds.tasks.includes(task) ? undefined : "is not a task";
  if (pathPattern.test(name)) return isPath(name, grounds.files) ? undefined : "is not a file";
  if (!namePattern.test(name) || isPath(name, grounds.files)) return undefined;
  const words = name.replace(/\(\)$/, "").split(".").map((word) => word.replace(/^#/, ""));
  if (!words.every((word) => names.words.has(word))) return "is not in the code";
  const [owner = "", member = owner] = words;
  return names.members.get(owner)?.has(member) === false ? `is not in ${owner}` : undefined;
}

/**
 * Whether a path names a file or folder, relative to the root, to `src/` or to any folder, with or
 * without `.ts`.
 */
function isPath(path: string, files: readonly string[]): boolean {
  const end = path.replace(/^\.?\//, "").replace(/\/$/, "")
    .replaceAll(/[.+^$()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
  const pattern = new RegExp(`(?:^|/)${end}(?:\\.ts)?(?:/|$)`);
  return files.some((file) => pattern.test(file));
}

/** Blanks fenced blocks line by line, which keeps line numbers. */
function withoutFences(text: string): string {
  return text.replace(/^```[^]*?^```/gm, (block) => block.replace(/[^\n]/g, ""));
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
}

/**
 * The names that exist in a project.
 *
 * @param root The directory that has `src/` and `deno.json`.
 */
export function readGrounds(root: string): Grounds {
  const folders = ["src", "tests", "tools", "docs", "bench", "migrations", ".ci"];
  const top = [...Deno.readDirSync(root)].filter((entry) => entry.isFile).map(({ name }) => name);
  const files = [...top, ...folders.flatMap((folder) => filesUnder(root, folder, ""))];
  const sources = files.filter((file) => file === "mod.ts" || /^src\/.*\.ts$/.test(file));
  const { tasks = {} } = JSON.parse(readIfPresent(`${root}/deno.json`) ?? "{}");
  return {
    files,
    code: sources.map((file) => readIfPresent(`${root}/${file}`) ?? "").join("\n"),
    tasks: Object.keys(tasks),
  };
}

if (import.meta.main) {
  const tour = readIfPresent("ARCHITECTURE.md");
  const gaps = tour === undefined ? ["there is none"] : tourGaps(tour, readGrounds(Deno.cwd()));
  exitWith(gaps.map((gap) => `ARCHITECTURE.md: ${gap}`));
}
