import { deepEqual, equal } from "node:assert/strict";
import { OneByOne } from "../../../src/store/read/one_by_one.ts";

const statement = { text: "select 1", parameters: [], read: () => 1 };

Deno.test("one statement runs at a time, in order, and all are on behalf of the source", async () => {
  const source = { client: "a", connection: {} };
  const running: ((rows: readonly number[]) => void)[] = [];
  const sources: unknown[] = [];
  const database = {
    query: (_: unknown, options?: { source?: unknown }) => {
      sources.push(options?.source);
      return new Promise<never[]>((resolve) => running.push(resolve as () => void));
    },
  };
  const query = new OneByOne({ database, source, isLight: true });
  const done: number[] = [];
  for (const n of [1, 2, 3]) void query.query(statement).then(() => done.push(n));
  for (let n = 1; n <= 3; n++) {
    await new Promise((resolve) => setImmediate(resolve));
    equal(running.length, n);
    running[n - 1]!([]);
  }
  await new Promise((resolve) => setImmediate(resolve));
  deepEqual(done, [1, 2, 3]);
  deepEqual(sources, [source, source, source]);
});

Deno.test("a statement that fails lets the next one run", async () => {
  let asked = 0;
  const database = {
    query: () => asked++ === 0 ? Promise.reject(new Error("away")) : Promise.resolve([]),
  };
  const query = new OneByOne({ database, source: undefined, isLight: true });
  const first = query.query(statement).catch((error) => error.message);
  const second = query.query(statement);
  equal(await first, "away");
  deepEqual(await second, []);
});
