import { deepEqual, equal } from "node:assert/strict";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { reason } from "../../../src/nostr/reason.ts";
import { check, type CheckOptions } from "../../../src/relay/acceptance/check.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(1));
const note = author.sign({ kind: 1, created_at: 1, tags: [["t", "x"]], content: "é" });
const passing = author.sign({ kind: 20_001, created_at: 1, tags: [], content: "" });

function options(over: Partial<CheckOptions> = {}): CheckOptions {
  return { origin: "socket", access: { screen: () => undefined }, nowMs: 0, ...over };
}

Deno.test("an event that holds becomes a record with its JSON", () => {
  const checked = check(note, options());
  const json = "record" in checked ? new TextDecoder().decode(checked.record.json) : "";
  equal(json, eventJson(note));
});

Deno.test("NIP01-02 an id that is not the event's hash is a forgery, and no policy is asked", () => {
  let asked = 0;
  const screen = () => void asked++;
  const checked = check({ ...note, content: "other" }, options({ access: { screen } }));
  deepEqual(checked, {
    refusal: reason("invalid", "id is not the hash of the event"),
    isForged: true,
  });
  equal(asked, 0);
});

Deno.test("a policy hears the time and the size of the JSON, and its refusal is the answer", () => {
  const seen: unknown[] = [];
  const refusal = reason("blocked", "not here");
  const checked = check(
    note,
    options({
      nowMs: 7,
      access: { screen: ({ nowMs, jsonBytes }) => (seen.push(nowMs, jsonBytes), refusal) },
    }),
  );
  deepEqual(checked, { refusal });
  deepEqual(seen, [7, new TextEncoder().encode(eventJson(note)).length]);
});

Deno.test("NIP01-15 an ephemeral event passes from a socket and not from a file", () => {
  equal("record" in check(passing, options()), true);
  deepEqual(check(passing, options({ origin: "import" })), {
    refusal: reason("invalid", "ephemeral events are not stored"),
  });
});
