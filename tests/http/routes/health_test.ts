import { equal } from "node:assert/strict";
import { healthResponse, readyResponse } from "../../../src/http/routes/health.ts";

Deno.test("a process that answers is alive", async () => {
  const response = healthResponse();
  equal(response.status, 200);
  equal(await response.text(), "ok\n");
});

Deno.test("a relay that is ready answers 200 ok", async () => {
  const response = await readyResponse(() => Promise.resolve(undefined));
  equal(response.status, 200);
  equal(await response.text(), "ok\n");
});

Deno.test("a relay that is not ready answers 503 with the reason", async () => {
  const response = await readyResponse(() => Promise.resolve("database unreachable"));
  equal(response.status, 503);
  equal(await response.text(), "database unreachable\n");
});

Deno.test("a check that fails means not ready, and its error stays inside", async () => {
  const response = await readyResponse(() => Promise.reject(new Error("password wrong")));
  equal(response.status, 503);
  equal(await response.text(), "the check failed\n");
});

Deno.test("neither is answered from a cache on the way", async () => {
  for (const response of [healthResponse(), await readyResponse(() => Promise.resolve("no"))]) {
    equal(response.headers.get("Cache-Control"), "no-store");
  }
});
