import { deepEqual } from "node:assert/strict";
import { fullResponse } from "../../../src/net/server/full_response.ts";

Deno.test("RFC 6585 §4: who has enough is 429, who finds no room 503, and both hear when to come back", () => {
  const said = (["total", "per-client", "rate"] as const).map((refusal) => {
    const { status, headers } = fullResponse(refusal);
    return [status, new Headers(headers.map(([name, value]) => [name, value])).get("retry-after")];
  });
  deepEqual(said, [[503, "30"], [429, "30"], [429, "5"]]);
});
