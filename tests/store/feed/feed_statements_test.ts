import { deepEqual, equal } from "node:assert/strict";
import { utf8 } from "../../../src/base/bytes.ts";
import { notify, readRecord, selectBySeqs } from "../../../src/store/feed/feed_statements.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

Deno.test("payloads are sent as one array, whatever they contain", () => {
  deepEqual(notify(["s1-2,4", 'e1:{"a":"\\n"}']).parameters, [
    "gallimimus_events",
    String.raw`{"s1-2,4","e1:{\"a\":\"\\n\"}"}`,
  ]);
});

Deno.test("the text of the statement does not depend on the number of events", () => {
  equal(selectBySeqs([1]).text, selectBySeqs([1, 2, 3]).text);
  deepEqual(selectBySeqs([1, 2, 3]).parameters, ["{1,2,3}"]);
});

Deno.test("an event is read as it was stored, and an invalid one is not", () => {
  const event = new FakeSigner(new SeededRandom(1))
    .sign({ kind: 1, created_at: 1, tags: [["t", "x"]], content: "\u0000" });
  const json = utf8(JSON.stringify(event));
  deepEqual(readRecord(json), { event, json });
  for (const text of ["", "{", "[]", '{"id":"x"}']) equal(readRecord(utf8(text)), undefined);
});
