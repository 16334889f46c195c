import { deepEqual, equal, throws } from "node:assert/strict";
import { Turns } from "../../src/net/turns.ts";

Deno.test("one piece of work is done in a round, and what adds itself again comes last", () => {
  const rounds: (() => void)[] = [];
  const turns = new Turns((round) => rounds.push(round));
  const done: string[] = [];
  const again = (): void => {
    done.push("again");
    if (done.length < 4) turns.add(again);
  };
  turns.add(again);
  turns.add(() => done.push("once"));
  turns.add(again);
  for (let round = rounds.shift(); round !== undefined; round = rounds.shift()) {
    round();
    equal(rounds.length <= 1, true);
  }
  deepEqual(done, ["again", "once", "again", "again"]);
});

Deno.test("what begins at once is bounded in a round, and the next one has room again", () => {
  const rounds: (() => void)[] = [];
  const turns = new Turns((round) => rounds.push(round));
  equal(turns.isOpen, true);
  turns.spend(60_000);
  equal(turns.isOpen, true);
  turns.spend(60_000);
  equal(turns.isOpen, false);
  deepEqual(rounds.length, 1);
  rounds.shift()!();
  equal(turns.isOpen, true);
});

Deno.test("work that was taken back is not done, and work that throws stops no other", () => {
  const rounds: (() => void)[] = [];
  const turns = new Turns((round) => rounds.push(round));
  const done: string[] = [];
  const unwanted = () => void done.push("unwanted");
  turns.add(() => {
    throw new Error("broken");
  });
  turns.add(unwanted);
  turns.add(() => void done.push("wanted"));
  turns.delete(unwanted);
  throws(() => rounds.shift()!(), /broken/);
  while (rounds.length > 0) rounds.shift()!();
  deepEqual([done, turns.size], [["wanted"], 0]);
});
