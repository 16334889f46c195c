import { deepEqual, equal, rejects } from "node:assert/strict";
import {
  type Attempt,
  firstToSucceed,
  interleaveFamilies,
} from "../../../src/net/client/happy_eyeballs.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

/** Attempts that a test decides. */
class Attempts {
  readonly clock = new FakeClock();
  readonly started: string[] = [];
  readonly cancelled: string[] = [];
  readonly #outcomes = new Map<string, PromiseWithResolvers<string>>();

  start(...candidates: readonly string[]): Attempt<string> {
    return firstToSucceed({
      candidates,
      attempt: (name) => this.#attempt(name),
      clock: this.clock,
      attemptDelayMs: 250,
    });
  }

  async succeed(name: string): Promise<void> {
    this.#outcomes.get(name)!.resolve(name);
    await this.#settle();
  }

  async fail(name: string): Promise<void> {
    this.#outcomes.get(name)!.reject(new Error(name));
    await this.#settle();
  }

  #attempt(name: string): Attempt<string> {
    this.started.push(name);
    const outcome = Promise.withResolvers<string>();
    this.#outcomes.set(name, outcome);
    return { result: outcome.promise, cancel: () => this.cancelled.push(name) };
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

Deno.test("RFC 8305 §4: families take turns, the first address's family first", () => {
  const order = (...families: readonly number[]) =>
    interleaveFamilies(families.map((family, at) => ({ family, at }))).map(({ at }) => at);
  deepEqual(order(6, 6, 6, 4, 4), [0, 3, 1, 4, 2]);
  deepEqual(order(4, 6, 4), [0, 1, 2]);
  deepEqual(order(4, 4), [0, 1]);
  deepEqual(order(), []);
});

Deno.test("RFC 8305 §5: the next attempt starts 250 ms after the one before it", () => {
  const attempts = new Attempts();
  const { result } = attempts.start("a", "b", "c");
  deepEqual(attempts.started, ["a"]);
  attempts.clock.advance(249);
  deepEqual(attempts.started, ["a"]);
  attempts.clock.advance(1);
  deepEqual(attempts.started, ["a", "b"]);
  attempts.clock.advance(250);
  deepEqual(attempts.started, ["a", "b", "c"]);
  equal(attempts.clock.timerCount, 0);
  result.catch(() => {});
});

Deno.test("an attempt that fails does not keep the next one waiting", async () => {
  const attempts = new Attempts();
  const { result } = attempts.start("a", "b");
  await attempts.fail("a");
  deepEqual(attempts.started, ["a", "b"]);
  await attempts.succeed("b");
  equal(await result, "b");
});

Deno.test("the first to succeed wins, and the others are cancelled", async () => {
  const attempts = new Attempts();
  const { result } = attempts.start("a", "b", "c");
  attempts.clock.advance(250);
  await attempts.succeed("b");
  equal(await result, "b");
  deepEqual(attempts.cancelled, ["a"]);
  attempts.clock.advance(10_000);
  deepEqual(attempts.started, ["a", "b"]);
  await attempts.fail("a");
});

Deno.test("when all have failed, each failure is told", async () => {
  const attempts = new Attempts();
  const { result } = attempts.start("a", "b");
  attempts.clock.advance(250);
  const told = rejects(result, ({ errors }: AggregateError) => {
    deepEqual(errors.map(String), ["Error: b", "Error: a"]);
    return true;
  });
  await attempts.fail("b");
  await attempts.fail("a");
  await told;
});

Deno.test("a race that is called off starts nothing more and cancels what runs", () => {
  const attempts = new Attempts();
  const race = attempts.start("a", "b");
  race.cancel();
  deepEqual(attempts.cancelled, ["a"]);
  attempts.clock.advance(10_000);
  deepEqual(attempts.started, ["a"]);
  equal(attempts.clock.timerCount, 0);
});
