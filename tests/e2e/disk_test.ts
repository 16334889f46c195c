/**
 * The real program on a disk that counts as full: the floor is above what any disk has free.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { PgliteDirectory } from "../kit/pglite_directory.ts";
import { RelayClient } from "../kit/relay_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

Deno.test("a full disk refuses events before the database breaks, and still answers questions", async () => {
  await using directory = await PgliteDirectory.make({ hasSchema: true });
  const database = `pglite:${directory.path}`;
  const signer = new SchnorrSigner(new SeededRandom(1));
  const note = (content: string) =>
    signer.sign({ kind: 1, created_at: 1_700_000_000, tags: [], content });
  const kept = note("while there was space");
  {
    await using relay = await startRelay({ database });
    await using client = await RelayClient.connect(relay.url);
    equal((await client.publish(kept))?.accepted, true);
    deepEqual(await ready(relay.url), [200, "ok\n"]);
    await client.close();
    equal(await relay.stop(), 0);
  }
  await using relay = await startRelay({
    database,
    settings: ["database.min_free_mib=1073741824"],
  });
  await using client = await RelayClient.connect(relay.url);
  const answer = await client.publish(note("now there is none"));
  equal(answer?.accepted, false);
  match(answer?.reason ?? "", /^error: /);
  deepEqual(await client.query([{ tags: new Map() }]), [
    kept.id,
  ]);
  deepEqual(await ready(relay.url), [503, "the disk is almost full, no event is stored\n"]);
  const health = await fetch(new URL("/health", relay.url.replace(/^ws/, "http")));
  equal(await health.text(), "ok\n");
  ok(relay.log.some((line) => line.includes("the disk is almost full")), relay.log.join("\n"));
  ok(relay.log.some((line) => /writing events fails.*MiB of disk/.test(line)));
  await client.close();
  equal(await relay.stop(), 0);
});

async function ready(url: string): Promise<[number, string]> {
  const response = await fetch(new URL("/ready", url.replace(/^ws/, "http")));
  return [response.status, await response.text()];
}
