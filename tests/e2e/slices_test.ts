/**
 * Reconciliation of a large set, of which the database knows the sums, on the real program.
 *
 * @see NIP-77
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Cells, Database } from "../../src/store/database/database.ts";
import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn } from "../kit/database.ts";
import {
  insertMadeUpEvents,
  itemSetOf,
  madeUpItems,
  reconcileWith,
} from "../kit/reconciling_client.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";
import { freshDatabases } from "./databases.ts";

const COUNT = 30_000;
const PER_SECOND = 3;

Deno.test("NEG-03 NEG-04 NEG-19 a set that is too large to be listed is compared by slices: in sync, and with some that differ", async () => {
  await using place = await freshDatabases["postgres:"]!();
  const database = openPostgres(place.url);
  await openStoreOn(database);
  await insertMadeUpEvents(database, [0, COUNT], PER_SECOND);
  await using relay = await startRelay({
    database: place.url,
    // No more than that may be listed: a comparison of all is one by slices.
    settings: ["sync.slices=[{}]", "limits.max_sync_events=5000", "network.workers=1"],
  });
  try {
    await built(database);
    const items = madeUpItems([0, COUNT], PER_SECOND);
    const whole = itemSetOf(items);
    const same = await reconcileWith(relay.url, {}, whole);
    deepEqual([same.have.size, same.need.size, same.messages], [0, 0, 1]);

    const missing = items[23_333]!;
    const strange = { id: "5".repeat(64), createdAt: items[5_000]!.createdAt };
    const other = itemSetOf([...items.filter((item) => item !== missing), strange]);
    const found = await reconcileWith(relay.url, {}, other);
    deepEqual([...found.have], [strange.id]);
    deepEqual([...found.need], [missing.id]);
    ok(found.messages <= 6, `${found.messages} messages`);

    // What comes and goes is in it at once.
    await using client = await RelayClient.connect(relay.url);
    const author = new SchnorrSigner(new SeededRandom(1));
    const nowS = Math.floor(Date.now() / 1_000);
    const draft = { kind: 1, created_at: nowS, tags: [], content: "new" };
    const events = [author.sign(draft), author.sign({ ...draft, content: "newer" })];
    ok((await client.publishAll(events)).every((answer) => answer!.accepted));
    const more = await reconcileWith(relay.url, {}, whole);
    deepEqual([...more.need].sort(), events.map(({ id }) => id).sort());
    const request = author.sign({ ...draft, kind: 5, tags: [["e", events[0]!.id]] });
    ok((await client.publishAll([request]))[0]!.accepted);
    const fewer = await reconcileWith(relay.url, { since: items[50]!.createdAt }, whole);
    deepEqual([...fewer.need].sort(), [events[1]!.id, request.id].sort());
    equal(
      fewer.have.size,
      items.filter(({ createdAt }) => createdAt < items[50]!.createdAt).length,
    );

    await client.close();
    // Another filter, and one with a limit, are compared as ever.
    await rejects(() => reconcileWith(relay.url, { kinds: [1] }, whole), /too big/);
    equal(await relay.stop(), 0);
  } finally {
    await database.close();
  }
});

async function built(database: Database): Promise<void> {
  const isBuilt = {
    text: "select count(*) from slice_sets where built_to is null",
    parameters: [],
    read: (cells: Cells) => cells.integer(0) === 1,
  };
  while (!(await database.query(isBuilt))[0]) await new Promise((done) => setTimeout(done, 50));
}
