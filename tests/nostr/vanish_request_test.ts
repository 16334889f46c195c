import { equal } from "node:assert/strict";
import { isAddressedTo } from "../../src/nostr/vanish_request.ts";

function isMeant(value: string, relayUrl: string): boolean {
  return isAddressedTo({ tags: [["relay", value]] }, relayUrl);
}

Deno.test("NIP62-01 a URL is compared in one spelling", () => {
  const spellings = ["wss://relay.example", "WSS://Relay.Example/", "ws://relay.example:80"];
  for (const spelling of [...spellings, "wss://relay.example:443"]) {
    equal(isMeant(spelling, "wss://relay.example/"), true, spelling);
  }
  equal(isMeant("wss://relay.example/nostr/", "wss://relay.example/nostr"), true);
});

Deno.test("NIP62-03 another host, port, path or word is another relay", () => {
  const others = [
    "wss://relay.example:8080",
    "wss://relay.example/a",
    "wss://other.example",
    "https://relay.example",
    "relay.example",
    "all_relays",
    "",
  ];
  for (const other of others) equal(isMeant(other, "wss://relay.example"), false, other);
});

Deno.test("NIP62-02 ALL_RELAYS is every relay, also one that does not know its URL", () => {
  equal(isMeant("ALL_RELAYS", "wss://relay.example"), true);
  equal(isMeant("ALL_RELAYS", ""), true);
  equal(isMeant("", ""), false);
});

Deno.test("one relay tag of several is enough", () => {
  const tags = [["relay"], ["r", "ALL_RELAYS"], ["relay", "wss://a.example"], ["relay", "wss://b"]];
  equal(isAddressedTo({ tags }, "wss://a.example"), true);
  equal(isAddressedTo({ tags }, "wss://c.example"), false);
});
