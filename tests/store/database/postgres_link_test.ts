import { deepEqual, equal, rejects } from "node:assert/strict";
import { PostgresLink, type Watch } from "../../../src/store/database/postgres_link.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

/** A link, and what was done to its driver and sockets. */
function watched() {
  const ended: number[] = [];
  const cut: string[] = [];
  const link = new PostgresLink(() => ({
    end: ({ timeout }) => Promise.resolve(void ended.push(timeout)),
  }));
  const socket = (name: string) => ({ destroy: () => void cut.push(name), once: () => {} });
  return { link, ended, cut, socket };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

const never = new Promise<never>(() => {});

Deno.test("dropping rejects what runs, ends the driver at once and destroys all sockets", async () => {
  const { link, ended, cut, socket } = watched();
  link.own(socket("statements"));
  link.own(socket("cancel"));
  const both = [link.run(never), link.run(never)];
  link.drop("frozen");
  link.drop("again");
  for (const one of both) await rejects(one, { message: "frozen", code: "CONNECTION_DROPPED" });
  deepEqual([ended, cut], [[0], ["statements", "cancel"]]);
});

Deno.test("a socket opened after the drop is destroyed, and what runs then rejects", async () => {
  const { link, cut, socket } = watched();
  link.drop("frozen");
  link.own(socket("late"));
  deepEqual(cut, ["late"]);
  await rejects(link.run(Promise.resolve(1)), { message: "frozen" });
});

Deno.test("a silence drops the connection, and an answer ends the watch", async () => {
  const clock = new FakeClock();
  const { link } = watched();
  const watch: Watch = { clock, silenceMs: 1_000 };
  equal(await link.run(Promise.resolve(1), watch), 1);
  equal(clock.timerCount, 0);
  const silent = link.run(never, watch);
  clock.advance(999);
  await settled();
  equal(link.isLost, false);
  clock.advance(1);
  await rejects(silent, { message: "the database did not answer for 1000 ms" });
  equal(clock.timerCount, 0);
});

Deno.test("a server that reports work is waited for, and asked again", async () => {
  const clock = new FakeClock();
  const { link } = watched();
  const answers = [true, true, false];
  const isWorking = () => Promise.resolve(answers.shift()!);
  const slow = link.run(never, { clock, silenceMs: 1_000, isWorking });
  const failing = rejects(slow, { message: "the database did not answer for 3000 ms" });
  for (let asked = 0; asked < 3; asked++) {
    equal(link.isLost, false);
    clock.advance(1_000);
    await settled();
  }
  await failing;
});

Deno.test("a server that cannot be asked is lost", async () => {
  const clock = new FakeClock();
  const { link } = watched();
  const isWorking = () => Promise.reject(new Error("unreachable"));
  const failing = rejects(link.run(never, { clock, silenceMs: 1_000, isWorking }));
  clock.advance(1_000);
  await failing;
  equal(link.isLost, true);
});

Deno.test("ending gives the driver a second and then destroys the sockets", async () => {
  const { link, ended, cut, socket } = watched();
  link.own(socket("statements"));
  await link.end();
  deepEqual([ended, cut, link.isLost], [[1], ["statements"], true]);
});
