import { equal, rejects } from "node:assert/strict";
import { unlessAborted } from "../../../src/store/database/unless_aborted.ts";

Deno.test("work that ends before the abort gives the result", async () => {
  const { signal } = new AbortController();
  const unwanted = () => {
    throw new Error("stopped");
  };
  equal(await unlessAborted(Promise.resolve(1), unwanted, signal), 1);
  await rejects(unlessAborted(Promise.reject(new Error("no")), unwanted, signal), {
    message: "no",
  });
});

Deno.test("an abort stops the work once and rejects, however the work ends", async () => {
  for (const end of ["resolve", "reject"] as const) {
    const work = Promise.withResolvers<number>();
    const controller = new AbortController();
    let stops = 0;
    const waiting = unlessAborted(work.promise, () => stops++, controller.signal);
    const reason = new Error("no longer wanted");
    controller.abort(reason);
    await rejects(waiting, reason);
    if (end === "resolve") work.resolve(1);
    else work.reject(new Error("too late"));
    equal(stops, 1);
  }
});

Deno.test("an abort after the end changes nothing", async () => {
  const controller = new AbortController();
  let stops = 0;
  equal(await unlessAborted(Promise.resolve(1), () => stops++, controller.signal), 1);
  controller.abort();
  equal(stops, 0);
});
