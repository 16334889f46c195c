import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { Semaphore } from "../../../src/store/database/semaphore.ts";

Deno.test("a semaphore admits its number of callers, and the others in order", async () => {
  const semaphore = new Semaphore(2);
  const entered: number[] = [];
  const all = [0, 1, 2, 3].map((caller) => semaphore.enter().then(() => entered.push(caller)));
  await all[1];
  deepEqual(entered, [0, 1]);
  semaphore.leave();
  await all[2];
  deepEqual(entered, [0, 1, 2]);
  semaphore.leave();
  await all[3];
  deepEqual(entered, [0, 1, 2, 3]);
});

Deno.test("an aborted wait takes no slot", async () => {
  const semaphore = new Semaphore(1);
  await semaphore.enter();
  const controller = new AbortController();
  const reason = new Error("no longer wanted");
  const gaveUp = rejects(semaphore.enter(controller.signal), reason);
  const patient = semaphore.enter();
  controller.abort(reason);
  await gaveUp;
  semaphore.leave();
  await patient;
  semaphore.leave();
  await semaphore.enter();
});

Deno.test("an abort before or after the wait takes no slot", async () => {
  const semaphore = new Semaphore(1);
  await rejects(semaphore.enter(AbortSignal.abort(new Error("before"))), { message: "before" });
  const controller = new AbortController();
  await semaphore.enter(controller.signal);
  const waiting = semaphore.enter(controller.signal);
  semaphore.leave();
  await waiting;
  controller.abort();
  semaphore.leave();
  equal(await semaphore.enter(), undefined);
});

Deno.test("a semaphore without slots breaks an invariant", () => {
  throws(() => new Semaphore(0), { name: "BrokenInvariant" });
});
