import { equal } from "node:assert/strict";
import { namesMatch } from "../../../src/net/address/server_name.ts";

Deno.test("RFC 6125 §6.4.1: a name matches in any case, with or without the root's dot", () => {
  equal(namesMatch(["relay.example"], "Relay.Example"), true);
  equal(namesMatch(["relay.example"], "relay.example."), true);
  equal(namesMatch(["relay.example"], "other.example"), false);
  equal(namesMatch([], "relay.example"), false);
});

Deno.test("RFC 6125 §6.4.3: a star is one whole label at the left", () => {
  equal(namesMatch(["*.relay.example"], "a.relay.example"), true);
  equal(namesMatch(["*.relay.example"], "relay.example"), false);
  equal(namesMatch(["*.relay.example"], "b.a.relay.example"), false);
  equal(namesMatch(["*.relay.example"], ".relay.example"), false);
});
