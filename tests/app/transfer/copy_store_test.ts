import { deepEqual, equal, rejects } from "node:assert/strict";
import { copyStore } from "../../../src/app/transfer/copy_store.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

const { signal } = new AbortController();
const quiet = { signal, onProgress() {} };

async function filled(count: number): Promise<MemoryStore> {
  const store = new MemoryStore();
  const events = generateEvents(new SeededRandom(1), count);
  await store.put(events.map(recordOf));
  return store;
}

async function all(store: MemoryStore): Promise<readonly string[]> {
  const chunks = await Array.fromAsync(store.query([{ tags: new Map() }]));
  return chunks.flat().map(({ json }) => new TextDecoder().decode(json));
}

Deno.test("everything arrives, byte for byte", async () => {
  const [from, to] = [await filled(2_000), new MemoryStore()];
  const before = await all(from);
  const { outcomes, unreadable } = await copyStore(from, to, quiet);
  deepEqual([...outcomes], [["stored", before.length]]);
  equal(unreadable, 0);
  deepEqual(await all(to), before);
  deepEqual(await all(from), before);
});

Deno.test("whoever was interrupted begins again and skips what is there", async () => {
  const [from, to] = [await filled(2_000), new MemoryStore()];
  const controller = new AbortController();
  const reason = new Error("told to stop");
  const copying = copyStore(from, to, {
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  await rejects(copying, reason);
  const copied = (await all(to)).length;
  const total = (await all(from)).length;
  const { outcomes } = await copyStore(from, to, quiet);
  deepEqual([outcomes.get("stored") ?? 0, outcomes.get("duplicate")], [total - copied, copied]);
  deepEqual(await all(to), await all(from));
});

Deno.test("progress tells how many and how far back", async () => {
  const from = await filled(1_200);
  const oldest = (await Array.fromAsync(from.query([{ tags: new Map() }]))).flat().at(-1);
  const told: { readonly sum: number; readonly createdAt: number | undefined }[] = [];
  await copyStore(from, new MemoryStore(), {
    signal,
    onProgress: ({ outcomes, createdAt }) => told.push({ sum: outcomes.get("stored")!, createdAt }),
  });
  deepEqual(told.at(-1), { sum: (await all(from)).length, createdAt: oldest?.createdAt });
});

Deno.test("a target that fails ends the copying", async () => {
  const put = () => Promise.reject(new StoreUnavailable("the disk is full"));
  await rejects(copyStore(await filled(10), { put }, quiet), /the disk is full/);
});

Deno.test("what is no event is counted and left behind", async () => {
  async function* query() {
    yield await Promise.resolve([{ id: "", createdAt: 0, seq: 0, json: utf8("{}") }]);
  }
  const to = new MemoryStore();
  equal((await copyStore({ query }, to, quiet)).unreadable, 1);
  deepEqual(await all(to), []);
});
