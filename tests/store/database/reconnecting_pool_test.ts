import { deepEqual, equal, throws } from "node:assert/strict";
import { PostgresLink } from "../../../src/store/database/postgres_link.ts";
import { ReconnectingPool } from "../../../src/store/database/reconnecting_pool.ts";

/** Links with numbers, and which of them were ended and with what time. */
function numbered() {
  const ended: string[] = [];
  let made = 0;
  const pool = new ReconnectingPool(() => {
    const number = ++made;
    return new PostgresLink(() => ({
      number,
      end: ({ timeout }) => Promise.resolve(void ended.push(`${number} in ${timeout} s`)),
    }));
  });
  return { pool, ended };
}

Deno.test("the connection that has been idle for longest is lent first, and new ones when none is", () => {
  const { pool } = numbered();
  const [first, second] = [pool.acquire(), pool.acquire()];
  pool.release(first);
  pool.release(second);
  deepEqual([pool.acquire(), pool.acquire()], [first, second]);
  equal(pool.acquire().pool.number, 3);
});

Deno.test("a lost connection closes the idle ones too, and none that is in use", () => {
  const { pool, ended } = numbered();
  const [lost, idle, lent] = [pool.acquire(), pool.acquire(), pool.acquire()];
  pool.release(idle);
  lost.drop("frozen");
  pool.release(lost);
  pool.release(lent);
  deepEqual(ended, ["1 in 0 s", "2 in 1 s"]);
  equal(pool.acquire(), lent);
});

Deno.test("closing drops connections in use, ends idle ones in order, and lends no more", async () => {
  const { pool, ended } = numbered();
  const [lent, idle] = [pool.acquire(), pool.acquire()];
  pool.release(idle);
  await pool.close();
  pool.release(lent);
  deepEqual(ended, ["2 in 1 s", "1 in 0 s"]);
  throws(() => pool.acquire(), { name: "StoreUnavailable" });
});
