/**
 * Checks that every package in `deno.json` and `tests/deno.json` has an exact version and a reason in
 * CONTRIBUTING.md, and that the two files agree.
 *
 * @module
 */

import { exitWith, readIfPresent } from "./source_files.ts";

/**
 * The faults in the list of packages, one sentence for each.
 *
 * @param imports The import map of `deno.json`.
 * @param guide The text of CONTRIBUTING.md. Under "Dependencies", a row that starts with a
 * package's name in backticks is its reason.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { dependencyGaps } from "./check_dependencies.ts";
 *
 * deepEqual(dependencyGaps({ ws: "npm:ws@^8.0.0" }, "## Dependencies\n| `ws` | why |"), [
 *   "ws: npm:ws@^8.0.0 is not an exact version",
 * ]);
 * ```
 */
export function dependencyGaps(
  imports: Readonly<Record<string, string>>,
  guide: string,
): readonly string[] {
  const gaps: string[] = [];
  const section = /^## Dependencies$[^]*?(?=^## |(?![^]))/m.exec(guide)?.[0] ?? "";
  const explained = new Set([...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name));
  const used = new Set<string>();
  for (const [name, target] of Object.entries(imports)) {
    if (/^\.\.?\//.test(target)) continue;
    const { name: packageName, exact } = parsePackage(target);
    used.add(packageName);
    if (!exact) gaps.push(`${name}: ${target} is not an exact version`);
    if (!explained.has(packageName)) gaps.push(`${name}: CONTRIBUTING.md gives no reason for it`);
  }
  for (const name of explained) {
    if (name !== undefined && !used.has(name)) gaps.push(`${name}: explained but not imported`);
  }
  return gaps;
}

/** `npm:/@noble/curves@2.4.0/` → `@noble/curves`, exact. */
function parsePackage(target: string): { readonly name: string; readonly exact: boolean } {
  const match = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)@([^/]+)\/?$/.exec(target);
  return {
    name: match?.[1] ?? target,
    exact: /^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(match?.[2] ?? ""),
  };
}

/**
 * What `tests/deno.json` has otherwise than `deno.json`, one sentence for each. It repeats all packages,
 * compiler options and so on of the relay, and adds nothing but the packages of tests: they are in a
 * configuration of their own because the runtime downloads all packages of a lock file, needed or not.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { differences } from "./check_dependencies.ts";
 *
 * const config = { imports: { hono: "npm:hono@4.13.19", gallimimus: "./mod.ts" } };
 * const ofTests = { imports: { hono: "npm:hono@4.13.18", gallimimus: "../mod.ts" } };
 * deepEqual(differences(config, ofTests), [
 *   "tests/deno.json: imports.hono is not npm:hono@4.13.19, as in deno.json",
 * ]);
 * ```
 */
export function differences(config: Config, ofTests: Config): readonly string[] {
  const gaps: string[] = [];
  for (const section of ["imports", "compilerOptions", "test", "fmt"] as const) {
    const [expected, found] = [config, ofTests].map((file) => file[section] ?? {});
    for (const name of new Set([expected, found].flatMap((values) => Object.keys(values!)))) {
      if (section === "imports" && !(name in expected!)) continue;
      const value = fromTests(expected![name]);
      if (JSON.stringify(found![name]) === JSON.stringify(value)) continue;
      const text = typeof value === "object" ? JSON.stringify(value) : value;
      gaps.push(`tests/deno.json: ${section}.${name} is not ${text}, as in deno.json`);
    }
  }
  return gaps;
}

/** A value of `deno.json` as `tests/deno.json` has it: paths are relative to the file. */
function fromTests(value: ConfigValue | undefined): ConfigValue | undefined {
  if (typeof value === "string") return value.replace(/^\.\//, "../");
  return Array.isArray(value) ? value.map((path) => path.replace(/^tests\//, "")) : value;
}

type ConfigValue = string | number | boolean | readonly string[];

/** The parts of `deno.json` that are read here. */
export interface Config {
  readonly imports?: Readonly<Record<string, string>>;
  readonly compilerOptions?: Readonly<Record<string, boolean>>;
  readonly test?: Readonly<Record<string, boolean>>;
  readonly fmt?: Readonly<Record<string, number | readonly string[]>>;
}

if (import.meta.main) {
  const config: Config = JSON.parse(readIfPresent("deno.json") ?? "{}");
  const ofTests: Config = JSON.parse(readIfPresent("tests/deno.json") ?? "{}");
  exitWith([
    ...dependencyGaps(
      { ...config.imports, ...ofTests.imports },
      readIfPresent("CONTRIBUTING.md") ?? "",
    ),
    ...differences(config, ofTests),
  ]);
}
