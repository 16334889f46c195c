import { equal, rejects, throws } from "node:assert/strict";
import { whenReady } from "../../../src/store/read/when_ready.ts";

Deno.test("a reader that takes more now is not waited for", () => {
  equal(whenReady({}), undefined);
  equal(whenReady({ ready: () => undefined }), undefined);
});

Deno.test("resolves when more is wanted", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isReady = false;
  const waiting = whenReady({ ready: () => promise })!.then(() => isReady = true);
  await Promise.resolve();
  equal(isReady, false);
  resolve();
  equal(await waiting, true);
});

Deno.test("rejects with the signal's reason while it waits, and before", async () => {
  const controller = new AbortController();
  const enough = new Error("enough");
  const never = new Promise<void>(() => {});
  const waiting = whenReady({ ready: () => never, signal: controller.signal });
  controller.abort(enough);
  await rejects(waiting!, enough);
  throws(() => whenReady({ signal: controller.signal }), enough);
});
