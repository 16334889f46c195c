import { equal } from "node:assert/strict";
import { healthResponse } from "../../../src/http/routes/health.ts";

Deno.test("a healthy relay answers 200 ok", async () => {
  const response = await healthResponse(() => Promise.resolve(undefined));
  equal(response.status, 200);
  equal(await response.text(), "ok\n");
});

Deno.test("an ill relay answers 503 with the reason", async () => {
  const response = await healthResponse(() => Promise.resolve("database unreachable"));
  equal(response.status, 503);
  equal(await response.text(), "database unreachable\n");
});

Deno.test("a check that fails is ill, and its error stays inside", async () => {
  const response = await healthResponse(() => Promise.reject(new Error("password wrong")));
  equal(response.status, 503);
  equal(await response.text(), "health check failed\n");
});

Deno.test("health is never answered from a cache", async () => {
  const response = await healthResponse(() => Promise.resolve(undefined));
  equal(response.headers.get("Cache-Control"), "no-store");
});
