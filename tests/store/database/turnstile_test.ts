import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { Turnstile } from "../../../src/store/database/turnstile.ts";

Deno.test("lets its number in and the others in order", async () => {
  const turnstile = new Turnstile(2);
  const entered: number[] = [];
  const all = [0, 1, 2, 3].map((caller) => turnstile.enter().then(() => entered.push(caller)));
  await all[1];
  deepEqual(entered, [0, 1]);
  turnstile.leave();
  await all[2];
  deepEqual(entered, [0, 1, 2]);
  turnstile.leave();
  await all[3];
  deepEqual(entered, [0, 1, 2, 3]);
});

Deno.test("who gives up waiting takes nobody's place", async () => {
  const turnstile = new Turnstile(1);
  await turnstile.enter();
  const controller = new AbortController();
  const reason = new Error("no longer wanted");
  const gaveUp = rejects(turnstile.enter(controller.signal), reason);
  const patient = turnstile.enter();
  controller.abort(reason);
  await gaveUp;
  turnstile.leave();
  await patient;
  turnstile.leave();
  await turnstile.enter();
});

Deno.test("an abort that came before or after changes nothing", async () => {
  const turnstile = new Turnstile(1);
  await rejects(turnstile.enter(AbortSignal.abort(new Error("before"))), { message: "before" });
  const controller = new AbortController();
  await turnstile.enter(controller.signal);
  const waiting = turnstile.enter(controller.signal);
  turnstile.leave();
  await waiting;
  controller.abort();
  turnstile.leave();
  equal(await turnstile.enter(), undefined);
});

Deno.test("a turnstile that lets nobody in is a mistake", () => {
  throws(() => new Turnstile(0), { name: "BrokenInvariant" });
});
