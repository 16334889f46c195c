import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { costMs } from "../../kit/cost.ts";
import {
  bannedPatternsOf,
  withPatternsChecked,
} from "../../../src/app/settings/banned_patterns.ts";
import { loadSettings, problemLine } from "../../../src/app/settings/load_settings.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { drawSeed, SeededRandom } from "../../kit/seeded_random.ts";

const seed = drawSeed();

/** A pattern that means nothing special times as much as a plain one is far from backtracking. */
const MOST_RATIO = 50;

/** Whether a text matches any of the patterns. */
async function testOf(...patterns: string[]): Promise<(text: string) => boolean> {
  return (await bannedPatternsOf(
    settingsWith(new Map([["access.banned_patterns", patterns]])),
  ))!;
}

async function problemsOf(toml: string): Promise<readonly string[]> {
  const file = { path: "config.toml", text: `[access]\n${toml}\n` };
  const loaded = await withPatternsChecked(loadSettings({ file }));
  return "problems" in loaded ? loaded.problems.map(problemLine) : [];
}

/** A pattern over the letters a, b and c, of the syntax that RE2 and RegExp have in common. */
function randomPattern(random: SeededRandom, depth: number): string {
  if (depth === 0) return random.pick(["a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\b"]);
  const inner = () => randomPattern(random, depth - 1);
  switch (random.int(6)) {
    case 0:
      return `(?:${inner()}|${inner()})`;
    case 1:
      return `(${inner()})${random.pick(["*", "+", "?", "{2}", "{1,3}", "+?"])}`;
    case 2:
      return `^${inner()}`;
    case 3:
      return `${inner()}$`;
    default:
      return inner() + inner();
  }
}

Deno.test(`a pattern finds what RegExp finds, alone and beside another (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  const outcomes = new Set<boolean>();
  for (let round = 0; round < 300; round++) {
    const pattern = randomPattern(random, random.between(1, 3));
    const [native, alone] = [new RegExp(pattern, "u"), await testOf(pattern)];
    const beside = await testOf("never here", pattern);
    for (let at = 0; at < 10; at++) {
      const text = random.sample(["a", "b", "c", " ", "é", "🦕"], random.int(8)).join("");
      const expected = native.test(text);
      outcomes.add(expected);
      const what = `${pattern} on ${JSON.stringify(text)}`;
      deepEqual([alone(text), beside(text)], [expected, expected], what);
    }
  }
  equal(outcomes.size, 2, "some match and some do not");
});

Deno.test("(a+)+$ on 100,000 letters costs what a plain pattern does", async () => {
  const text = "a".repeat(100_000) + "b";
  const [plain, nested] = [await testOf("[bc]d"), await testOf("(a+)+$")];
  equal(nested(text), false);
  equal(nested(text.slice(0, -1)), true);
  const ratio = costMs(() => nested(text)) / costMs(() => plain(text));
  ok(ratio < MOST_RATIO, `${ratio.toFixed(1)} times a plain pattern`);
});

Deno.test("a hundred patterns cost about what one does", async () => {
  const words = Array.from({ length: 100 }, (_, at) => `(?i)\\bword${at}\\s+(?:now|here)\\b`);
  const text = "nothing of it is word7 in this text. ".repeat(400);
  const [one, all] = [await testOf(words[0]!), await testOf(...words)];
  equal(all(text), false);
  equal(all(`${text} WORD42  here`), true);
  const ratio = costMs(() => all(text)) / costMs(() => one(text));
  ok(ratio < MOST_RATIO, `${ratio.toFixed(1)} times one pattern`);
});

Deno.test("what is no pattern is named, with its place and what is wrong", async () => {
  const [unclosed, ...others] = await problemsOf('banned_patterns = ["fine", "(a+"]');
  match(unclosed!, /^config\.toml:2: access\.banned_patterns: "\(a\+" is not a pattern: .*missing/);
  deepEqual(others, []);
  for (const pattern of ["(?=a)", "(a)\\\\1", "[z-a]"]) {
    match((await problemsOf(`banned_patterns = ["${pattern}"]`))[0]!, /is not a pattern/, pattern);
  }
  deepEqual(await problemsOf('banned_patterns = ["(?i)free\\\\s+bitcoin", "^$"]'), []);
});

Deno.test("patterns that are too large together are refused, with the size that they need", async () => {
  const [problem] = await problemsOf('banned_patterns = ["a{900}", "b{900}", "c{900}"]');
  match(problem!, /^default: access\.banned_pattern_size: found 2000, expected at least 27\d\d/);
  const wanted = /at least (\d+)/.exec(problem!)![1];
  const enough = `banned_pattern_size = ${wanted}\n`;
  deepEqual(await problemsOf(`${enough}banned_patterns = ["a{900}", "b{900}", "c{900}"]`), []);
});

Deno.test("without patterns there is no test, and with a wrong one an error", async () => {
  equal(await bannedPatternsOf(settingsWith(new Map())), undefined);
  await rejects(testOf("("), /access\.banned_patterns: "\("/);
});
