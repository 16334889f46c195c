import { deepEqual, equal } from "node:assert/strict";
import {
  connectLine,
  eventLine,
  parseReply,
  requestLine,
} from "../../../src/app/plugins/plugin_lines.ts";
import { ConnectedClient } from "../../../src/relay/access/client.ts";
import { submission } from "../../relay/access/submission.ts";

const client = new ConnectedClient("192.0.2.1", { userAgent: "test" });
client.authenticate("k");

Deno.test("a question about an event is strfry's: event, time, source, key", () => {
  const { event, ...rest } = submission({ id: "1", content: "é\n" }, { nowMs: 5_999, client });
  deepEqual(JSON.parse(eventLine({ event, ...rest })), {
    type: "new",
    event,
    receivedAt: 5,
    sourceType: "IP4",
    sourceInfo: "192.0.2.1",
    authed: "k",
  });
  const other = new ConnectedClient("2001:db8::1");
  const line = JSON.parse(eventLine({ event, ...rest, client: other }));
  deepEqual([line.sourceType, line.sourceInfo, "authed" in line], ["IP6", "2001:db8::1", false]);
  for (const [origin, type] of [["import", "Import"], ["sync", "Sync"]] as const) {
    const line = eventLine({ event, ...rest, origin, client: undefined });
    equal(JSON.parse(line).sourceType, type);
  }
  equal(eventLine({ event, ...rest }).includes("\n"), false);
});

Deno.test("a question about a request has the filters as they are written", () => {
  const filters = [{
    ids: new Set(["a"]),
    kinds: new Set([1]),
    tags: new Map([["e", new Set(["b"])]]),
    allTags: new Map([["t", new Set(["c"])]]),
    search: new Set(["x", "y"]),
    limit: 5,
  }];
  const line = JSON.parse(requestLine("7", { verb: "REQ", filters, client, nowMs: 1_000 }));
  deepEqual(line.filters, [
    { ids: ["a"], kinds: [1], "#e": ["b"], "&t": ["c"], search: "x y", limit: 5 },
  ]);
  deepEqual([line.type, line.version, line.id, line.verb, line.authed], [
    "request",
    1,
    "7",
    "REQ",
    ["k"],
  ]);
  equal(JSON.parse(connectLine("8", client, 0)).userAgent, "test");
});

Deno.test("replies are read, their messages keep a standard word, and anything else is none", () => {
  const read = (value: unknown) => parseReply(JSON.stringify(value));
  deepEqual(read({ id: "1", action: "accept", msg: "" }), {
    id: "1",
    verdict: { action: "accept" },
  });
  deepEqual(read({ id: "1", action: "shadowReject" })?.verdict, { action: "shadow" });
  const reasonOf = (msg?: string) => {
    const verdict = read({ id: "1", action: "reject", msg })?.verdict;
    return verdict?.action === "reject" ? verdict.reason : undefined;
  };
  deepEqual(reasonOf("rate-limited: slow down"), { prefix: "rate-limited", text: "slow down" });
  deepEqual(reasonOf("spam: no"), { prefix: "blocked", text: "spam: no" });
  deepEqual(reasonOf("no"), { prefix: "blocked", text: "no" });
  deepEqual(reasonOf(), { prefix: "blocked", text: "refused by a policy" });
  for (const line of ["", "nothing", "[]", "{}", '{"id":1,"action":"accept"}', '{"id":"1"}']) {
    equal(parseReply(line), undefined, line);
  }
});
