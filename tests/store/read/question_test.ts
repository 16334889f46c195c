import { deepEqual, equal } from "node:assert/strict";
import {
  type Answer,
  askInTurn,
  askTogether,
  merged,
  type Question,
  type Step,
} from "../../../src/store/read/question.ts";

function row(id: string, createdAt: number) {
  return { seq: 1, id, createdAt, json: new Uint8Array() };
}

/** A question of one part with a written answer, that notes how it is asked. */
class Written implements Question {
  readonly parts;
  readonly steps: Step[] = [];
  readonly #rows: readonly ReturnType<typeof row>[];

  constructor(limit: number, ...rows: readonly ReturnType<typeof row>[]) {
    this.parts = [{ lanes: [[]], limit }];
    this.#rows = rows;
  }

  readonly ask = (step: Step): Answer => {
    this.steps.push(step);
    return this.#answer();
  };

  async *#answer(): Answer {
    yield await Promise.resolve({ events: this.#rows, isLast: true });
  }
}

async function idsOf(answer: Answer): Promise<readonly string[]> {
  return (await Array.fromAsync(answer)).flatMap(({ events }) => events.map(({ id }) => id));
}

const [old, young] = [row("old", 1), row("young", 2)];

Deno.test("together, all come in the order of time and share what may come along", async () => {
  const [first, second] = [new Written(10, old), new Written(20, young)];
  const { found, leaseBytes } = askTogether([first, second], {});
  deepEqual(await idsOf(found), ["young", "old"]);
  equal(leaseBytes, 30 * 16_384);
  deepEqual(first.steps, second.steps);
  equal(first.steps[0]?.mostBytes, 16_384);
});

Deno.test("in turn, each is asked with a share of its own", async () => {
  const [first, second] = [new Written(500, old), new Written(1, young)];
  const { found, leaseBytes } = askInTurn([first, second], {});
  deepEqual(await idsOf(found), ["old", "young"]);
  equal(leaseBytes, 4 * 2 ** 20);
  equal(first.steps[0]?.mostBytes, 8_388);
  equal(second.steps[0]?.mostBytes, 16_384);
});

Deno.test("no questions have no answer", async () => {
  deepEqual(await idsOf(askTogether([], {}).found), []);
  deepEqual(await idsOf(askInTurn([], {}).found), []);
});

Deno.test("a merge stops at its limit", async () => {
  const step = { mostBytes: 0 };
  const answers = [new Written(1, old).ask(step), new Written(1, young).ask(step)];
  deepEqual(await idsOf(merged(answers, 1)), ["young"]);
});
