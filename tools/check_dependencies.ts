/**
 * Checks that every package in `deno.json` has an exact version and a reason in CONTRIBUTING.md.
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
    if (target.startsWith("./")) continue;
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

if (import.meta.main) {
  const { imports = {} } = JSON.parse(readIfPresent("deno.json") ?? "{}");
  exitWith(dependencyGaps(imports, readIfPresent("CONTRIBUTING.md") ?? ""));
}
