import { deepEqual, equal } from "node:assert/strict";
import { StoreLine } from "../../../src/app/workers/store_line.ts";
import type { FromStore } from "../../../src/app/workers/store_messages.ts";
import { StoreSeat } from "../../../src/app/workers/store_seat.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

const seed = Number(Deno.env.get("SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);

Deno.test(`messages are taken in order, handed over or fetched, also while one is taken (seed ${seed})`, async () => {
  const random = new SeededRandom(seed);
  const seat = new StoreSeat(false, () => {});
  const taken: string[] = [];
  const line: StoreLine = new StoreLine(seat.access, (content: FromStore["content"]) => {
    if (random.chance(0.3)) equal(line.catchUp(), false, "the one that is taken is not yet taken");
    if ("ids" in content) taken.push(...content.ids);
  });
  const sent: string[] = [];
  for (let at = 0; at < 500; at++) {
    sent.push(`${at}`);
    seat.send({ type: "restored", ids: [`${at}`] });
    if (random.chance(0.3)) await Promise.resolve();
    if (random.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    if (random.chance(0.3) && line.catchUp()) deepEqual(taken, sent);
  }
  while (taken.length < sent.length) await new Promise((resolve) => setImmediate(resolve));
  deepEqual(taken, sent);
  equal(line.catchUp(), true);
  line.close();
  seat.end();
});
