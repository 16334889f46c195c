/**
 * Two instances of the program over one database are told ten thousand rules in random order: both end with
 * the same ones, which are those of the last call for each value.
 *
 * `CALLS` and `SEED` in the environment change the number of calls and what they are.
 *
 * @see NIP-86
 * @module
 */

import { deepEqual, ok } from "node:assert/strict";
import { generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { freshDatabases } from "../e2e/databases.ts";
import { managementBy } from "../kit/management_client.ts";
import { startRelay } from "../kit/running_relay.ts";
import { drawSeed, SeededRandom } from "../kit/seeded_random.ts";

const calls = Number(Deno.env.get("CALLS") ?? 10_000);
const seed = drawSeed();
/** Calls that are under way at a time. */
const IN_FLIGHT = 16;
const secret = generateSecretKey();

const methods = [
  "banpubkey",
  "unbanpubkey",
  "allowpubkey",
  "unallowpubkey",
  "banevent",
  "unbanevent",
];
const lists = ["listbannedpubkeys", "listallowedpubkeys", "listbannedevents"];

const call = managementBy(secret);

async function allLists(url: string): Promise<readonly unknown[]> {
  const answers = await Promise.all(lists.map((list) => call(url, list)));
  return answers.map((answer) => (answer as object[]).map((one) => JSON.stringify(one)).toSorted());
}

Deno.test(`two instances end with the same rules (seed ${seed})`, async () => {
  await using database = await freshDatabases["postgres:"]!();
  const settings = [`access.admins=${getPublicKey(secret)}`];
  await using one = await startRelay({ database: database.url, settings });
  await using two = await startRelay({ database: database.url, settings });
  const random = new SeededRandom(seed);
  const values = Array.from({ length: 40 }, (_, at) => `${at}`.padStart(2, "0").repeat(32));
  let left = calls;
  const work = async () => {
    while (left-- > 0) {
      const url = random.int(2) === 0 ? one.url : two.url;
      if (random.int(50) === 0) await allLists(url);
      const method = methods[random.int(methods.length)]!;
      await call(url, method, values[random.int(values.length)]!, `reason ${random.int(3)}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  // The last notification may be on its way.
  let [a, b] = await Promise.all([allLists(one.url), allLists(two.url)]);
  for (let tries = 0; tries < 100 && JSON.stringify(a) !== JSON.stringify(b); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    [a, b] = await Promise.all([allLists(one.url), allLists(two.url)]);
  }
  deepEqual(a, b);
  ok(a.some((list) => (list as unknown[]).length > 0), "some rules are left");
  await two.stop();
  await using again = await startRelay({ database: database.url, settings });
  deepEqual(await allLists(again.url), a, "a fresh instance reads the same rules");
  await again.stop();
  await one.stop();
});
