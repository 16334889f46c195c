/**
 * The numbers of style: how long functions are, how much is explained, how much is tested. Prints them
 * all when asked with `--print`, and else only those beyond their bounds.
 *
 * @module
 */

import { denoOutput, exitWith, filesUnder, readIfPresent } from "./source_files.ts";

/** What the numbers are taken from. */
export interface StyleInput {
  /** Lines of each function in `src/`. */
  readonly functionLines: readonly number[];
  /** Text by path, everything under `src/` and `tests/`. */
  readonly files: ReadonlyMap<string, string>;
}

/** One number with its bound. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** The rooms whose every rule comes from a text that a reader wants quoted. */
const explainedRooms = ["base", "nostr", "websocket"];

/**
 * The numbers of a project.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { isKept, styleFigures } from "./check_style.ts";
 *
 * const files = new Map([["src/base/a.ts", "// why\ncode();\n"], ["tests/base/a_test.ts", "t();\nt();\n"]]);
 * equal(styleFigures({ functionLines: [3, 9, 12], files }).every(isKept), true);
 * ```
 */
export function styleFigures({ functionLines, files }: StyleInput): readonly Figure[] {
  const lengths = functionLines.toSorted((a, b) => a - b);
  const sources = textsUnder(files, "src/");
  const sourceLines = sum(sources.map(filledLines));
  const testLines = sum(textsUnder(files, "tests/").map(filledLines));
  return [
    { name: "function lines, median", value: quantile(lengths, 0.5), atMost: 10 },
    { name: "function lines, 90th percentile", value: quantile(lengths, 0.9), atMost: 40 },
    { name: "function lines, longest", value: lengths.at(-1) ?? 0, atMost: 60 },
    ...explainedRooms.map((room) => commentFigure(room, textsUnder(files, `src/${room}/`))),
    { name: "test lines per source line", value: ratio(testLines, sourceLines), atLeast: 0.9 },
  ];
}

/**
 * Whether a number is within its bounds.
 *
 * @example
 * ```ts
 * import { equal } from "node:assert/strict";
 * import { isKept } from "./check_style.ts";
 *
 * equal(isKept({ name: "function lines, median", value: 11, atMost: 10 }), false);
 * ```
 */
export function isKept({ value, atMost = Infinity, atLeast = -Infinity }: Figure): boolean {
  return value <= atMost && value >= atLeast;
}

function commentFigure(room: string, texts: readonly string[]): Figure {
  const lines = sum(texts.map(filledLines));
  const comments = sum(texts.map(commentLines));
  return { name: `comment share of ${room}`, value: ratio(comments, lines), atLeast: 0.3 };
}

function textsUnder(files: StyleInput["files"], folder: string): readonly string[] {
  return [...files].filter(([path]) => path.startsWith(folder)).map(([, text]) => text);
}

function filledLines(text: string): number {
  return text.split("\n").filter((line) => line.trim() !== "").length;
}

/** Lines that are comment and nothing else. The house's block comments open each line with a star. */
function commentLines(text: string): number {
  return text.split("\n").filter((line) => /^\s*(?:\/\/|\/\*|\*)/.test(line)).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What is not there yet is neither too little nor too much. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 1 : Math.round(part / whole * 100) / 100;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/**
 * The lines of each named function under `src/`, as the linter's parser sees them.
 *
 * @param root The directory that has `src/`.
 */
export async function measureFunctions(root: string): Promise<readonly number[]> {
  const files = filesUnder(root, "src", ".ts");
  if (files.length === 0) return [];
  const config = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const plugins = [new URL("./measure_plugin.ts", import.meta.url).href];
    const rules = { tags: [], include: ["measure/function-lines"] };
    await Deno.writeTextFile(config, JSON.stringify({ lint: { plugins, rules } }));
    const args = ["lint", "--json", "--config", config, ...files];
    const { diagnostics } = JSON.parse(await denoOutput(args, root, { findings: true }));
    return diagnostics
      .filter((each: { code: string }) => each.code === "measure/function-lines")
      .map((each: { message: string }) => Number(each.message));
  } finally {
    await Deno.remove(config);
  }
}

function describe({ name, value, atMost, atLeast }: Figure): string {
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  return `${name}: ${value} (${bound})`;
}

if (import.meta.main) {
  const root = Deno.cwd();
  const paths = [...filesUnder(root, "src", ".ts"), ...filesUnder(root, "tests", ".ts")];
  const files = new Map(paths.map((path) => [path, readIfPresent(`${root}/${path}`) ?? ""]));
  const figures = styleFigures({ functionLines: await measureFunctions(root), files });
  if (Deno.args.includes("--print")) console.log(figures.map(describe).join("\n"));
  exitWith(figures.filter((figure) => !isKept(figure)).map(describe));
}
