import { deepEqual, equal, match } from "node:assert/strict";
import { closingLine, readOutcome, shardsOf } from "../../tools/run_tests.ts";
import { filesUnder } from "../../tools/source_files.ts";

const root = new URL("../..", import.meta.url).pathname;

Deno.test("every test file is in one process, but for those of tests/long", () => {
  const files = filesUnder(root, "tests", ".ts");
  const run = shardsOf(files).flat();
  deepEqual(
    run.toSorted(),
    files.filter((file) => /_test\.ts$/.test(file) && !/^tests\/long\//.test(file)),
  );
});

Deno.test("what takes long is started first, in small parts", () => {
  const quick = Array.from({ length: 30 }, (_, at) => `tests/base/${at}_test.ts`);
  const slow = Array.from({ length: 4 }, (_, at) => `tests/store/${at}_test.ts`);
  const shards = shardsOf([...quick, ...slow, "tests/contract/a_test.ts", "tests/kit/b.ts"]);
  deepEqual(shards.map(({ length }) => length), [1, 4, 25, 5]);
  equal(shards[0]![0], "tests/contract/a_test.ts");
});

Deno.test("what measures times is in processes of its own, and last", () => {
  const [relay, text] = ["tests/hostile/relay_test.ts", "tests/hostile/text_cost_test.ts"];
  const others = ["tests/base/b_test.ts", "tests/hostile/a_test.ts"];
  deepEqual(shardsOf([relay, text, ...others]), [others, [relay], [text]]);
});

Deno.test("the closing line is counted and taken out, with steps and ignored tests too", () => {
  const printed =
    "running 3 tests\nFAILED | 12 passed (3 steps) | 1 failed | 2 ignored (2s)\nerror\n";
  deepEqual(readOutcome(printed), {
    output: "running 3 tests\n\nerror",
    passed: 12,
    failed: 1,
    ignored: 2,
  });
});

Deno.test("of several closing lines the last one is the runner's", () => {
  const printed = "FAILED | 0 passed | 1 failed (0ms)\nok | 2 passed | 0 failed (2s)\n";
  const { passed, failed, output } = readOutcome(printed);
  deepEqual([passed, failed], [2, 0]);
  match(output, /^FAILED/);
});

Deno.test("a runner that ended without its closing line has failed", () => {
  deepEqual(readOutcome("Segmentation fault\n"), {
    output: "Segmentation fault",
    passed: 0,
    failed: 1,
    ignored: 0,
  });
});

Deno.test("one failure of many is the failure of all", () => {
  const good = { passed: 5, failed: 0, ignored: 0 };
  equal(closingLine([good, good], 1_000), "ok | 10 passed | 0 failed (1s)");
  equal(closingLine([good, { ...good, failed: 1 }], 1_000), "FAILED | 10 passed | 1 failed (1s)");
});
