import { deepEqual, equal, ok } from "node:assert/strict";
import { lateEventParts, LateEventReader } from "../../../src/store/feed/late_event.ts";
import { someEvent } from "../../kit/records.ts";

function readAll(parts: readonly string[]): unknown {
  const reader = new LateEventReader();
  return parts.map((part) => reader.read(part)).at(-1);
}

Deno.test("an event of any length is the same after its parts were put together", () => {
  for (const length of [0, 10, 5_000, 100_000]) {
    const d = "é".repeat(length);
    const event = someEvent({ kind: 30_000, tags: [["d", d], ["t", "left out"]] });
    const parts = lateEventParts(event, 1_000);
    ok(parts.every((part) => part.length <= 1_000));
    // Postgres delivers equal payloads once.
    equal(new Set(parts).size, parts.length);
    const { id, pubkey, kind, created_at } = event;
    const read = readAll(parts) as typeof event;
    deepEqual(
      [read.id, read.pubkey, read.kind, read.created_at, read.tags],
      [id, pubkey, kind, created_at, [["d", d]]],
    );
  }
});

Deno.test("parts that do not fit together are noticed, and the next event is read", () => {
  const [first, second] = [1, 2].map(() =>
    lateEventParts(someEvent({ kind: 30_000, tags: [["d", "x".repeat(3_000)]] }), 1_000)
  );
  const reader = new LateEventReader();
  equal(reader.read(first![0]!), "unfinished");
  equal(reader.read(first![2]!), undefined);
  equal(reader.read(second![1]!), undefined);
  for (const part of ["", ":", "x:0:1:%", "x:0:1:", "x:0:1:e30="]) {
    equal(reader.read(part), undefined);
  }
  ok(second!.map((part) => reader.read(part)).at(-1));
});
