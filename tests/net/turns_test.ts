import { deepEqual, equal, throws } from "node:assert/strict";
import { Turns } from "../../src/net/turns.ts";
import { queued } from "../kit/queued.ts";

Deno.test("what adds itself again comes last, and each piece has one turn in a round", () => {
  const rounds: (() => void)[] = [];
  const turns = new Turns(queued(rounds), () => {});
  const done: string[] = [];
  const again = (): void => {
    done.push("again");
    if (done.length < 4) turns.add(again);
  };
  turns.add(again);
  turns.add(() => done.push("once"));
  turns.add(again);
  rounds.shift()!();
  deepEqual(done, ["again", "once"]);
  while (rounds.length > 0) rounds.shift()!();
  deepEqual(done, ["again", "once", "again", "again"]);
});

for (
  const [who, placeOf] of [
    ["clients", (name: string) => ({ client: name, connection: {} })],
    ["connections of a client", (name: string) => ({ client: "x", connection: name })],
  ] as const
) {
  Deno.test(`${who} take turns, however many pieces one of them has`, () => {
    const rounds: (() => void)[] = [];
    const turns = new Turns(queued(rounds), () => {});
    const done: string[] = [];
    for (const piece of ["a1", "a2", "a3", "b1"]) {
      turns.add(() => {
        done.push(piece);
        turns.spend(64 * 1024);
      }, placeOf(piece[0]!));
    }
    while (rounds.length > 0) rounds.shift()!();
    deepEqual(done, ["a1", "b1", "a2", "a3"]);
  });
}

Deno.test("a round ends when enough was done in it", () => {
  const rounds: (() => void)[] = [];
  const turns = new Turns(queued(rounds), () => {});
  const done: number[] = [];
  for (let at = 0; at < 10; at++) {
    turns.add(() => {
      done.push(at);
      turns.spend(30_000);
    });
  }
  rounds.shift()!();
  deepEqual(done, [0, 1, 2]);
  rounds.shift()!();
  deepEqual(done, [0, 1, 2, 3, 4, 5]);
});

Deno.test("what begins at once is bounded in a round, and the next one has room again", () => {
  const rounds: (() => void)[] = [];
  const turns = new Turns(queued(rounds));
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
  const turns = new Turns(queued(rounds));
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

Deno.test("a round is cancelled when all that waited for it was taken back", () => {
  const rounds: (() => void)[] = [];
  const turns = new Turns(queued(rounds));
  const done: string[] = [];
  const [one, other] = [() => void done.push("one"), () => void done.push("other")];
  turns.add(one);
  turns.add(other);
  turns.delete(one);
  equal(rounds.length, 1, "the other still waits");
  turns.delete(other);
  turns.delete(other);
  equal(rounds.length, 0);
  turns.add(one);
  rounds.shift()!();
  deepEqual([done, rounds.length], [["one"], 0]);
});
