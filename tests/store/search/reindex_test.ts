import { deepEqual, equal, rejects } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import { reindex } from "../../../src/store/search/reindex.ts";
import { ScriptedDatabase } from "../../kit/scripted_database.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const kinds = new Set([1]);
const event = new FakeSigner(new SeededRandom(1))
  .sign({ kind: 1, created_at: 5, tags: [], content: "fox" });

Deno.test("reindexing continues after the last row, and writes only missing words", async () => {
  const database = new ScriptedDatabase(
    [{ key: 4, event: undefined }, { key: 9, event: undefined }],
    [{ key: 12, event }, { key: 15, event: undefined }],
  );
  deepEqual(await Array.fromAsync(reindex(database, { kinds, hashText: portableHashText })), [
    0,
    1,
  ]);
  deepEqual(database.asked.map(({ parameters }) => parameters[0]), [0, 9, "{12}", 15]);
});

Deno.test("without searchable kinds nothing is reindexed", async () => {
  const database = new ScriptedDatabase();
  deepEqual(
    await Array.fromAsync(reindex(database, { kinds: new Set(), hashText: portableHashText })),
    [],
  );
  equal(database.asked.length, 0);
});

Deno.test("reindexing stops with the signal's reason", async () => {
  const database = new ScriptedDatabase([{ key: 4, event: undefined }], [{ key: 9, event }]);
  const controller = new AbortController();
  const reason = new Error("enough");
  const reading = async () => {
    for await (
      const _ of reindex(database, { kinds, hashText: portableHashText, signal: controller.signal })
    ) {
      controller.abort(reason);
    }
  };
  await rejects(reading(), reason);
  equal(database.asked.length, 1);
});
