/**
 * Checks that no test is disabled or weakened without a reason.
 *
 * @module
 */

import { exitWith, filesUnder, readIfPresent } from "./source_files.ts";

/** Test files that skip a test or disable a leak check, each with the reason. */
const weakened: Readonly<Record<string, string>> = {
  "tests/signatures/signature_native_test.ts":
    "where there is no libsecp256k1 its suite cannot run, and a test that is ignored says so; CI installs it",
  "tests/e2e/auth_test.ts":
    "both clients keep timers that they have no way to end, after their connections are closed",
  "tests/e2e/ndk_test.ts":
    "the client keeps timers and sockets of its pool that it has no way to end",
  "tests/kit/each_server.ts":
    "an older Postgres is the system's; where there is none, tests that are ignored say so; CI installs it",
  "tests/contract/pgbouncer_test.ts":
    "PgBouncer is a program of the system; without it a test that is ignored says so; CI installs it",
  "tests/e2e/plugin_test.ts": "Python is a program of the system; without it one test is ignored",
  "tests/e2e/top_test.ts":
    "script of util-linux makes the terminal; without it the test of that is ignored",
  "tests/e2e/service_manager_test.ts":
    "systemd is a program of Linux; elsewhere the test is ignored",
  "tests/long/disk_full_test.ts":
    "only root may mount a small disk, on Linux; elsewhere there is no test",
  "tests/long/unit_file_test.ts":
    "systemd-analyze is a program of the system; without it there is no test",
  "tests/long/prometheus_test.ts":
    "Prometheus is a program of the system; without it there is no test",
  "tests/long/promtool_test.ts": "promtool is a program of the system; without it there is no test",
  "tests/long/proxies_test.ts":
    "haproxy and nginx are programs of the system; without them there is no test",
  "tests/long/proxy_docs_test.ts":
    "nginx, haproxy and caddy are programs of the system; without them there is no test",
  "tests/long/tls_test.ts": "openssl is a program of the system; without it there is no test",
};

/** The input of {@link testGaps}. */
export interface Project {
  /** Text by path, everything under `tests/`. */
  readonly files: ReadonlyMap<string, string>;
  readonly weakened: Readonly<Record<string, string>>;
}

/**
 * The faults of a project's tests, one sentence for each. An exception that is no longer needed is
 * a fault too.
 *
 * @example
 * ```ts
 * import { deepEqual } from "node:assert/strict";
 * import { testGaps } from "./check_tests.ts";
 *
 * const files = new Map([["tests/base/a_test.ts", 'Deno.test.only("a", () => {});']]);
 * deepEqual(testGaps({ files, weakened: {} }), [
 *   "tests/base/a_test.ts: a test is ignored or runs alone",
 * ]);
 * ```
 */
export function testGaps(project: Project): readonly string[] {
  return judge(weakTests(project.files), project.weakened);
}

/** Findings by file. */
type Findings = ReadonlyMap<string, string>;

/** The findings without an exception, and the exceptions without a finding. */
function judge(
  findings: Findings,
  exceptions: Readonly<Record<string, string>>,
): readonly string[] {
  const open = [...findings].filter(([file]) => !(file in exceptions));
  const stale = Object.keys(exceptions).filter((file) => !findings.has(file));
  return [
    ...open.map(([file, finding]) => `${file}: ${finding}`),
    ...stale.map((file) => `${file}: an exception in check_tests.ts that is not needed`),
  ];
}

/** A test that is ignored, runs alone, or may leak; a test's options come before its body. */
const weakenings: readonly (readonly [pattern: RegExp, finding: string])[] = [
  [/\bDeno\.test\.(?:ignore|only)\b/, "a test is ignored or runs alone"],
  [/\b(?:Deno\.test|\w+\.step)\(\{[^{}]*\b(?:ignore|only)\b/, "a test is ignored or runs alone"],
  [/\bsanitize(?:Ops|Resources|Exit)\s*:\s*false\b/, "a leak check is off"],
];

/** The tests of these checks contain such words as text. */
const ownTests = "tests/tools/";

function weakTests(files: Project["files"]): Findings {
  const findings = new Map<string, string>();
  for (const [file, text] of files) {
    if (!file.startsWith("tests/") || file.startsWith(ownTests)) continue;
    const hit = weakenings.find(([pattern]) => pattern.test(text));
    if (hit !== undefined) findings.set(file, hit[1]);
  }
  return findings;
}

/**
 * The text of everything under `tests/`, by path.
 *
 * @param root The directory that has it.
 */
export function readProject(root: string): ReadonlyMap<string, string> {
  const paths = filesUnder(root, "tests", ".ts");
  return new Map(paths.map((path) => [path, readIfPresent(`${root}/${path}`) ?? ""]));
}

if (import.meta.main) {
  exitWith(testGaps({ files: readProject(Deno.cwd()), weakened }));
}
