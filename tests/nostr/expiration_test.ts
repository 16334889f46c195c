import { equal } from "node:assert/strict";
import { expirationOf, hasExpired } from "../../src/nostr/expiration.ts";

Deno.test("NIP40-05 a value that is no whole number of seconds means nothing", () => {
  const values = [
    "",
    "soon",
    "1.5",
    "-1",
    "1e9",
    " 1",
    "0x10",
    "99999999999999999",
    "9".repeat(16),
  ];
  for (const value of values) {
    equal(expirationOf({ tags: [["expiration", value]] }), undefined, value);
  }
  equal(expirationOf({ tags: [["expiration"]] }), undefined);
  equal(expirationOf({ tags: [["Expiration", "5"]] }), undefined);
});

Deno.test("the first expiration tag counts, even if it means nothing", () => {
  equal(expirationOf({ tags: [["t", "1"], ["expiration", "5", "x"], ["expiration", "6"]] }), 5);
  equal(expirationOf({ tags: [["expiration", "x"], ["expiration", "6"]] }), undefined);
});

Deno.test("NIP40-04 at the second that it names an event has expired", () => {
  const event = { tags: [["expiration", "1700000000"]] };
  equal(hasExpired(event, 1_699_999_999), false);
  equal(hasExpired(event, 1_700_000_000), true);
  equal(hasExpired({ tags: [] }, Number.MAX_SAFE_INTEGER), false);
});
