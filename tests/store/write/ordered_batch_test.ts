import { deepEqual } from "node:assert/strict";
import { portableHashText } from "../../../src/nostr/event_id.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { type Entry, orderedBatch } from "../../../src/store/write/ordered_batch.ts";

function record(id: string, fields: Partial<NostrEvent> = {}) {
  const event = { id, pubkey: "p", created_at: 1, kind: 1, tags: [], content: "", sig: "" };
  return { event: { ...event, ...fields }, json: new Uint8Array() };
}

function batchOf(...records: ReturnType<typeof record>[]) {
  const { regular, versioned, superseded, copies } = orderedBatch(records, portableHashText);
  const idOf = ({ record }: Entry) => record.event.id;
  return {
    regular: regular.map(idOf),
    versioned: versioned.map(idOf),
    superseded: superseded.toSorted(),
    copies: [...copies],
  };
}

Deno.test("regular events are ordered by id, whatever their original order", () => {
  deepEqual(batchOf(record("c"), record("a"), record("b")).regular, ["a", "b", "c"]);
});

Deno.test("versioned events are ordered by address", () => {
  const { versioned } = batchOf(
    record("a", { kind: 3, pubkey: "z" }),
    record("b", { kind: 30_000, pubkey: "y", tags: [["d", "2"]] }),
    record("c", { kind: 30_000, pubkey: "y", tags: [["d", "1"]] }),
    record("d", { kind: 0, pubkey: "z" }),
  );
  deepEqual(versioned, ["c", "b", "d", "a"]);
});

Deno.test("a duplicate has the place of the first copy", () => {
  const batch = batchOf(
    record("a"),
    record("b"),
    record("a"),
    record("p", { kind: 0 }),
    record("a"),
  );
  deepEqual(batch.copies, [[2, 0], [4, 0]]);
  deepEqual(batch.regular, ["a", "b"]);
});

Deno.test("of three versions the newest is written, in any order", () => {
  const versions = [1, 2, 3].map((created_at) => record(`v${created_at}`, { kind: 0, created_at }));
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]]) {
    const batch = batchOf(...order.map((version) => versions[version]!));
    deepEqual(batch.versioned, ["v3"]);
    deepEqual(batch.superseded, [0, 1, 2].filter((place) => order[place] !== 2));
  }
});

Deno.test("NIP01-17 of equal times the smaller id is written", () => {
  for (const order of [["a", "b"], ["b", "a"]]) {
    deepEqual(batchOf(...order.map((id) => record(id, { kind: 10_000 }))).versioned, ["a"]);
  }
});

Deno.test("a duplicate of a superseded version stays a duplicate", () => {
  const old = record("old", { kind: 0 });
  const batch = batchOf(old, old, record("new", { kind: 0, created_at: 2 }));
  deepEqual(batch, {
    regular: [],
    versioned: ["new"],
    superseded: [0],
    copies: [[1, 0]],
  });
});
