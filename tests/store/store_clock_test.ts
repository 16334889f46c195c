import { equal } from "node:assert/strict";
import { hasExpired } from "../../src/nostr/expiration.ts";
import { nowS, timeless } from "../../src/store/store_clock.ts";

Deno.test("a second that has begun is not over", () => {
  equal(nowS({ nowMs: () => 1_700_000_000_999 }), 1_700_000_000);
});

Deno.test("without time nothing expires, not even at its beginning", () => {
  equal(hasExpired({ tags: [["expiration", "0"]] }, nowS(timeless)), false);
});
