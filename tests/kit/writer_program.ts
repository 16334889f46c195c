/**
 * A process that writes disputed events to a database, several batches at a time, while other
 * processes write the same ones. Starts at a line of input, and finally prints the ids that it was
 * told were stored, one per line.
 *
 * Arguments: the database's URL, the seed of the events, their number, and the seed of the order.
 *
 * @module
 */

import { openPostgres } from "../../src/store/database/postgres.ts";
import { openStoreOn } from "./database.ts";
import { disputedEvents } from "./disputed_events.ts";
import { recordOf } from "./records.ts";
import { SeededRandom } from "./seeded_random.ts";

const [url, seed, count, orderSeed] = Deno.args;
const order = new SeededRandom(Number(orderSeed));
const events = order.shuffled(disputedEvents(new SeededRandom(Number(seed)), Number(count)));
const batches = [];
while (events.length > 0) batches.push(events.splice(0, order.between(1, 40)));

const store = await openStoreOn(openPostgres(url!));
console.error("ready");
await Deno.stdin.read(new Uint8Array(1));
await Promise.all(batches.map(async (batch) => {
  const outcomes = await store.put(batch.map(recordOf));
  batch.forEach(({ id }, place) => outcomes[place] === "stored" && console.log(id));
}));
await store.close();
