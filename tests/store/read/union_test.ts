import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import type { StoredEvent } from "../../../src/store/event_store.ts";
import { compare, type FoundPage } from "../../../src/store/read/scan.ts";
import { union, type UnionOptions } from "../../../src/store/read/union.ts";

function stored(id: number, createdAt = 0): StoredEvent {
  const fields = { id: `${id}`.padStart(3, "0"), createdAt, seq: 0, json: new Uint8Array() };
  return fields;
}

function pageOf(events: readonly StoredEvent[], isLast = false): FoundPage {
  return { events, isLast };
}

async function* answer(events: readonly StoredEvent[], size: number) {
  for (let start = 0; start < events.length; start += size) {
    yield await Promise.resolve(
      pageOf(events.slice(start, start + size), start + size >= events.length),
    );
  }
}

async function collect(
  answers: Parameters<typeof union>[0],
  options: UnionOptions = {},
): Promise<string[][]> {
  const pages = await Array.fromAsync(union(answers, options));
  const last = pages.findIndex(({ isLast }) => isLast);
  equal(last, pages.length - 1, "the last page says so, and no other");
  return pages.map(({ events }) => events.map(({ id }) => id));
}

Deno.test("a union of any answers is what they hold together, in order, each once", async () => {
  const world = fc.record({
    lists: fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 40 })), { maxLength: 5 }),
    size: fc.integer({ min: 1, max: 10 }),
    pageEvents: fc.integer({ min: 1, max: 20 }),
    limit: fc.option(fc.integer({ min: 0, max: 50 }), { nil: Infinity }),
  });
  await fc.assert(fc.asyncProperty(world, async ({ lists, size, pageEvents, limit }) => {
    const answers = lists.map((ids) =>
      answer(ids.map((id) => stored(id, id % 7)).sort(compare), size)
    );
    const chunks = await collect(answers, { pageEvents, limit });
    const expected = [...new Set(lists.flat())].map((id) => stored(id, id % 7)).sort(compare);
    deepEqual(chunks.flat(), expected.slice(0, limit).map(({ id }) => id));
    ok(chunks.every(({ length }) => length > 0 && length <= pageEvents));
    ok(chunks.slice(0, -1).every(({ length }) => length === pageEvents), "only the last is short");
  }));
});

Deno.test("no answers, nothing", async () => {
  deepEqual(await collect([]), []);
});

Deno.test("answers that are left are ended", async () => {
  let ended = 0;
  async function* endless() {
    try {
      for (let i = 0;; i++) yield await Promise.resolve(pageOf([stored(i)]));
    } finally {
      ended++;
    }
  }
  for await (const { events } of union([endless(), endless()], { pageEvents: 3 })) {
    equal(events.length, 3);
    break;
  }
  equal(ended, 2);
});

Deno.test("an answer that fails fails the union and ends the others", async () => {
  let isEnded = false;
  async function* patient() {
    try {
      yield await Promise.resolve(pageOf([stored(1)]));
    } finally {
      isEnded = true;
    }
  }
  async function* broken() {
    yield await Promise.resolve(pageOf([stored(2)]));
    throw new Error("gone");
  }
  await rejects(collect([patient(), broken()]), { message: "gone" });
  equal(isEnded, true);
});
