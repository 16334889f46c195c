import { deepEqual, equal, match } from "node:assert/strict";
import { chosenSteps, type Outcome, runSteps, type Step, steps } from "../../tools/ok.ts";

const pass: Step = { name: "pass", args: ["eval", "console.log('quiet')"] };
const fail: Step = { name: "fail", args: ["eval", "console.log('out'); throw new Error('why')"] };

Deno.test("each step is told once with what it printed, whether it passed or not", async () => {
  const told: Outcome[] = [];
  const outcomes = await runSteps([fail, pass], (outcome) => told.push(outcome));
  deepEqual(outcomes, told);
  const byName = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  equal(outcomes.length, 2);
  equal(byName.get("pass")?.passed, true);
  equal(byName.get("pass")?.output, "quiet\n");
  equal(byName.get("fail")?.passed, false);
  match(byName.get("fail")?.output ?? "", /^out\n[^]*Error: why/);
});

Deno.test("a step that fails does not keep the others from running", async () => {
  const outcomes = await runSteps([fail, fail, pass]);
  deepEqual(outcomes.map(({ passed }) => passed).sort(), [false, false, true]);
});

Deno.test("all steps are run unless some are left out by name", () => {
  deepEqual(chosenSteps([pass, fail], []), { chosen: [pass, fail], unknown: [] });
  deepEqual(chosenSteps([pass, fail], ["--without", "fail"]), { chosen: [pass], unknown: [] });
  deepEqual(chosenSteps([pass, fail], ["--without", "fail,pass"]), { chosen: [], unknown: [] });
});

Deno.test("what is no step and no flag is pointed out", () => {
  deepEqual(chosenSteps([pass], ["--without", "gone"]), { chosen: [pass], unknown: ["gone"] });
  deepEqual(chosenSteps([pass], ["--with", "pass"]).unknown, ["--with", "pass"]);
  deepEqual(chosenSteps([pass], ["--without", "pass", "more"]).unknown, ["more"]);
});

Deno.test("every step is a task of deno.json, and every check task is a step", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  const run = steps.map(({ args }) => args.at(-1) ?? "");
  deepEqual(run.filter((task) => !(task in tasks)), []);
  deepEqual(Object.keys(tasks).filter((task) => /^check:/.test(task) && !run.includes(task)), []);
});
