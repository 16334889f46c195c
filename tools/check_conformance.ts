/**
 * Every numbered assertion about the NIPs that the relay implements is named in a test, or is an exception
 * with a reason.
 *
 * @module
 */

import { exitWith, filesUnder, readIfPresent } from "./source_files.ts";

/** How many assertions there are about each NIP, numbered from 01; `X` is about several NIPs at once. */
export const assertionCounts: Readonly<Record<string, number>> = {
  NIP01: 66,
  NIP04: 4,
  NIP09: 14,
  NIP11: 8,
  NIP13: 6,
  NIP22: 1,
  NIP40: 7,
  NIP42: 16,
  NIP45: 10,
  NIP50: 7,
  NIP59: 9,
  NIP62: 11,
  NIP67: 5,
  NIP70: 7,
  NIP86: 12,
  NIP91: 5,
  NIP98: 5,
  X: 18,
};

/** Assertions that no test names, and why. */
export const exceptions: Readonly<Record<string, string>> = {
  "NIP42-14": "a connection has one challenge for its whole time, so none becomes old",
  "NIP86-11": "there are no roles: the calls about them are refused",
  "X-15": "there are no groups, so no event names what it follows",
};

/** What {@link conformanceGaps} compares. */
export interface Conformance {
  readonly counts: Readonly<Record<string, number>>;
  readonly exceptions: Readonly<Record<string, string>>;
  /** The text of all tests. */
  readonly tests: string;
}

/**
 * What is wrong, one sentence for each assertion.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { conformanceGaps } from "./check_conformance.ts";
 *
 * const tests = 'Deno.test("NIP01-01 NIP01-04 an event is answered", work);';
 * deepEqual(conformanceGaps({ counts: { NIP01: 3 }, exceptions: { "NIP01-02": "why" }, tests }), [
 *   "NIP01-03: no test names it",
 *   "NIP01-04: there is no such assertion",
 * ]);
 * ```
 */
export function conformanceGaps({ counts, exceptions, tests }: Conformance): readonly string[] {
  const assertions = new Set(
    Object.entries(counts).flatMap(([nip, count]) =>
      Array.from({ length: count }, (_, place) => `${nip}-${`${place + 1}`.padStart(2, "0")}`)
    ),
  );
  const named = new Set(tests.match(/\b(?:NIP\d\d|X)-\d\d\b/g));
  const isCounted = (name: string) => name.split("-")[0]! in counts;
  return [
    ...[...assertions].filter((name) => !named.has(name) && !(name in exceptions))
      .map((name) => `${name}: no test names it`),
    ...[...named].filter((name) => isCounted(name) && !assertions.has(name))
      .map((name) => `${name}: there is no such assertion`),
    ...Object.keys(exceptions).filter((name) => named.has(name) || !assertions.has(name))
      .map((name) => `${name}: an exception that is not needed`),
  ];
}

/** The text of all tests but those of the checks themselves. */
function readTests(root: string): string {
  const paths = [...filesUnder(root, "tests", ".ts"), ...filesUnder(root, "tests", ".wire")];
  return paths.filter((path) => !path.startsWith("tests/tools/"))
    .map((path) => readIfPresent(`${root}/${path}`) ?? "").join("\n");
}

if (import.meta.main) {
  exitWith(
    conformanceGaps({ counts: assertionCounts, exceptions, tests: readTests(Deno.cwd()) }),
  );
}
