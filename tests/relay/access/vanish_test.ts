import { equal } from "node:assert/strict";
import { vanishRequestsTo } from "../../../src/relay/access/standard.ts";
import { submission } from "./submission.ts";

const policy = vanishRequestsTo("wss://relay.example");

function refusal(kind: number, ...relays: string[]): string | undefined {
  const tags = relays.map((url) => ["relay", url]);
  return policy.screen!(submission({ kind, tags }))?.prefix;
}

Deno.test("NIP62-01 NIP62-02 a request to vanish from here or from everywhere passes", () => {
  equal(refusal(62, "wss://other.example", "wss://relay.example/"), undefined);
  equal(refusal(62, "ALL_RELAYS"), undefined);
});

Deno.test("NIP62-03 a request to vanish from elsewhere is refused", () => {
  equal(refusal(62, "wss://other.example"), "invalid");
  equal(refusal(62, "all_relays"), "invalid");
  equal(refusal(62), "invalid");
});

Deno.test("other kinds pass, whatever relays they name", () => {
  equal(refusal(1, "wss://other.example"), undefined);
});
