import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { Semaphore } from "../../../src/store/database/semaphore.ts";

Deno.test("a semaphore admits its number of callers, and the others in order", async () => {
  const semaphore = new Semaphore(2);
  const entered: number[] = [];
  const all = [0, 1, 2, 3].map((caller) => semaphore.acquire().then(() => entered.push(caller)));
  await all[1];
  deepEqual(entered, [0, 1]);
  semaphore.release();
  await all[2];
  deepEqual(entered, [0, 1, 2]);
  semaphore.release();
  await all[3];
  deepEqual(entered, [0, 1, 2, 3]);
});

Deno.test("an aborted wait takes no slot", async () => {
  const semaphore = new Semaphore(1);
  await semaphore.acquire();
  const controller = new AbortController();
  const reason = new Error("no longer wanted");
  const gaveUp = rejects(semaphore.acquire(controller.signal), reason);
  const patient = semaphore.acquire();
  controller.abort(reason);
  await gaveUp;
  semaphore.release();
  await patient;
  semaphore.release();
  await semaphore.acquire();
});

Deno.test("an abort before or after the wait takes no slot", async () => {
  const semaphore = new Semaphore(1);
  await rejects(semaphore.acquire(AbortSignal.abort(new Error("before"))), { message: "before" });
  const controller = new AbortController();
  await semaphore.acquire(controller.signal);
  const waiting = semaphore.acquire(controller.signal);
  semaphore.release();
  await waiting;
  controller.abort();
  semaphore.release();
  equal(await semaphore.acquire(), undefined);
});

Deno.test("a semaphore without slots breaks an invariant", () => {
  throws(() => new Semaphore(0), { name: "BrokenInvariant" });
});
