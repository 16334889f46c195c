import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  importEvents,
  type ImportTally,
  type TextImportOptions,
} from "../../../src/app/transfer/import_events.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { type EventStore, StoreUnavailable } from "../../../src/store/event_store.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { standardPolicies } from "../../../src/relay/access/standard.ts";
import { accessOf } from "../../kit/access.ts";
import { testLimits } from "../../kit/limits.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { plainVerifier } from "../../kit/fake_relay.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner, SchnorrSigner } from "../../kit/signer.ts";

const random = new SeededRandom(1);
const alice = new SchnorrSigner(random);
const note = alice.sign({ created_at: 10, kind: 1, tags: [], content: "hello" });

const defaults = {
  verifier: undefined,
  access: accessOf([]),
  nowMs: 0,
  maxLineBytes: 100_000,
} satisfies Partial<TextImportOptions>;

/** Imports `text` in pieces of `pieceBytes`. */
function importText(
  text: string,
  { pieceBytes = 1000, ...options }: Partial<TextImportOptions> & { pieceBytes?: number } = {},
): Promise<ImportTally> {
  const bytes = utf8(text);
  const pieces = async function* () {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      yield await Promise.resolve(bytes.subarray(start, start + pieceBytes));
    }
  };
  return importEvents(pieces(), { ...defaults, store: new MemoryStore(), ...options });
}

function linesOf(events: readonly NostrEvent[]): string {
  return events.map((event) => eventJson(event) + "\n").join("");
}

/** Everything in the store, as JSON. */
async function contentOf(store: EventStore): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const chunk of store.query([{ tags: new Map() }])) {
    for (const { json } of chunk) all.push(new TextDecoder().decode(json));
  }
  return all;
}

/** How many lines were handled. */
function handled({ stored, duplicate, superseded, deleted, refused }: ImportTally): number {
  return stored + duplicate + superseded + deleted +
    [...refused.values()].reduce((a, b) => a + b, 0);
}

Deno.test("what was stored comes out as it went in, whatever the pieces", async () => {
  const events = generateEvents(new SeededRandom(7), 1500);
  const expected = new MemoryStore();
  for (const event of events) await expected.put([recordOf(event)]);
  for (const pieceBytes of [997, 65_536]) {
    const store = new MemoryStore();
    const tally = await importText(linesOf(events), { store, pieceBytes });
    equal(handled(tally), events.length);
    equal(tally.refused.size, 0);
    deepEqual(await contentOf(store), await contentOf(expected));
  }
});

Deno.test("duplicates and older versions are counted apart", async () => {
  const newer = alice.sign({ created_at: 20, kind: 0, tags: [], content: "new" });
  const older = alice.sign({ created_at: 10, kind: 0, tags: [], content: "old" });
  const store = new MemoryStore();
  await importText(linesOf([newer, note]), { store });
  const { stored, duplicate, superseded } = await importText(linesOf([older, note]), { store });
  deepEqual({ stored, duplicate, superseded }, { stored: 0, duplicate: 1, superseded: 1 });
});

const refusals: readonly [string, string, string][] = [
  ["what is not JSON", "{", "invalid: not JSON"],
  ["JSON that is no object", "[1]", "invalid: an event is a JSON object"],
  [
    "an event without a kind",
    JSON.stringify({ ...note, kind: undefined }),
    "invalid: kind is not an integer from 0 to 65535",
  ],
  [
    "an event whose id is another's",
    JSON.stringify({ ...note, content: "changed" }),
    "invalid: id is not the hash of the event",
  ],
  [
    "a false signature",
    JSON.stringify(new FakeSigner(random).sign({ created_at: 1, kind: 1, tags: [], content: "" })),
    "invalid: signature does not fit the author and the id",
  ],
  [
    "an ephemeral event",
    JSON.stringify(alice.sign({ created_at: 1, kind: 20_001, tags: [], content: "" })),
    "invalid: ephemeral events are not stored",
  ],
  ["a line over the limit", "x".repeat(2001), "invalid: line is longer than 2000 bytes"],
];

for (const [what, line, reason] of refusals) {
  Deno.test(`${what} is refused with its reason and line, and the rest is stored`, async () => {
    const tally = await importText(`\n${line}\n${eventJson(note)}\n`, {
      verifier: plainVerifier,
      maxLineBytes: 2000,
    });
    equal(tally.stored, 1);
    deepEqual([...tally.refused], [[reason, 1]]);
    deepEqual(tally.examples, [{ number: 2, reason }]);
  });
}

Deno.test("without a verifier signatures are taken on trust, ids are not", async () => {
  const unsigned = new FakeSigner(random).sign({ created_at: 1, kind: 1, tags: [], content: "" });
  const tally = await importText(`${eventJson(unsigned)}\n${eventJson({ ...note, kind: 2 })}`);
  equal(tally.stored, 1);
  deepEqual([...tally.refused.keys()], ["invalid: id is not the hash of the event"]);
});

Deno.test("all refusals are counted, the first five lines are shown", async () => {
  const tally = await importText("x\n".repeat(3000));
  deepEqual([...tally.refused], [["invalid: not JSON", 3000]]);
  deepEqual(tally.examples.map(({ number }) => number), [1, 2, 3, 4, 5]);
});

Deno.test("no more than three batches are on their way at once", async () => {
  const memory = new MemoryStore();
  let writing = 0;
  let most = 0;
  const store = partialStore({
    async put(batch) {
      most = Math.max(most, ++writing);
      await new Promise((resolve) => setTimeout(resolve, 0));
      writing--;
      return memory.put(batch);
    },
    query: (filters, options) => memory.query(filters, options),
    close: () => memory.close(),
  });
  const events = generateEvents(new SeededRandom(3), 20_000);
  const tally = await importText(linesOf(events), { store, pieceBytes: 65_536 });
  equal(handled(tally), 20_000);
  ok(most > 1 && most <= 3, `${most} at once`);
});

Deno.test("lines that are long are not on their way in larger numbers of bytes", async () => {
  const signer = new FakeSigner(random);
  const mostOf = async (count: number, characters: number) => {
    let [writing, most] = [0, 0];
    const store = partialStore({
      async put(batch) {
        const bytes = batch.reduce((sum, { json }) => sum + json.length, 0);
        writing += bytes;
        most = Math.max(most, writing);
        await new Promise((resolve) => setTimeout(resolve, 0));
        writing -= bytes;
        return batch.map(() => "stored" as const);
      },
    });
    const content = "x".repeat(characters);
    const text = Array.from(
      { length: count },
      (_, created_at) => signer.sign({ created_at, kind: 1, tags: [], content }),
    );
    const options = { store, pieceBytes: 65_536, maxLineBytes: 8_000_000 };
    equal((await importText(linesOf(text), options)).stored, count);
    return most;
  };
  const many = await mostOf(150, 100_000);
  ok(many > 1_048_576 && many < 3.5 * 1_048_576, `${many} bytes at once`);
  // Longer than all that may be on its way together: one at a time.
  const single = await mostOf(4, 4_000_000);
  ok(single < 4_100_000, `${single} bytes at once`);
});

Deno.test("a store that fails ends the import with its failure, and nothing more is read", async () => {
  const memory = new MemoryStore();
  const store = partialStore({
    put: () => Promise.reject(new StoreUnavailable("gone")),
    query: (filters, options) => memory.query(filters, options),
    close: () => memory.close(),
  });
  let read = 0;
  const endless = async function* () {
    for (;;) {
      read++;
      yield await Promise.resolve(utf8(linesOf(Array(1_000).fill(note))));
    }
  };
  await rejects(importEvents(endless(), { ...defaults, store }), StoreUnavailable);
  ok(read <= 50, `${read} pieces`);
});

Deno.test("progress is told after each batch", async () => {
  const seen: number[] = [];
  await importText(`${eventJson(note)}\n`.repeat(6_000), {
    onProgress: (tally) => seen.push(handled(tally)),
    pieceBytes: 65_536,
  });
  equal(seen.length, 6);
  equal(seen.at(-1), 6_000);
});

Deno.test("what the policy refuses is refused with its reason", async () => {
  const access = accessOf(standardPolicies(testLimits));
  const proof = alice.sign({ created_at: 1, kind: 22242, tags: [], content: "" });
  const early = alice.sign({ created_at: 901, kind: 1, tags: [], content: "" });
  const { stored, refused } = await importText(linesOf([note]), { access });
  deepEqual([stored, refused.size], [1, 0]);
  // Kind 22242 is ephemeral by its number, and refused as such before.
  for (const event of [proof, early]) {
    equal((await importText(linesOf([event]), { access })).refused.size, 1);
  }
});

Deno.test("a store that serves others is given no more at once than it takes", async () => {
  const sizes: number[] = [];
  const store = partialStore({
    maxBatchEvents: 7,
    put: (batch) => {
      sizes.push(batch.length);
      return Promise.resolve(batch.map(() => "stored" as const));
    },
  });
  const events = Array.from(
    { length: 30 },
    (_, created_at) => alice.sign({ created_at, kind: 1, tags: [], content: "" }),
  );
  equal((await importText(linesOf(events), { store })).stored, 30);
  deepEqual(sizes, [7, 7, 7, 7, 2]);
});
