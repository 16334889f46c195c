import { equal, match } from "node:assert/strict";
import { type Prefix, reason, reasonText } from "../../src/nostr/reason.ts";

Deno.test("a reason is its word, a colon, a space and its sentence", () => {
  equal(reasonText(reason("rate-limited", "slow down: twice")), "rate-limited: slow down: twice");
});

Deno.test("NIP01-36: every prefix is one word that stands before the first colon", () => {
  const all: Record<Prefix, true> = {
    "auth-required": true,
    blocked: true,
    closed: true,
    duplicate: true,
    error: true,
    invalid: true,
    mute: true,
    pow: true,
    "rate-limited": true,
    restricted: true,
    unsupported: true,
  };
  for (const prefix of Object.keys(all)) match(`${prefix}: text`, /^[a-z-]+: ./);
});
