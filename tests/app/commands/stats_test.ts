import { deepEqual, equal, match } from "node:assert/strict";
import { showStats } from "../../../src/app/commands/stats.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { newKey, recordOf, someEvent } from "../../kit/records.ts";

const DAY_S = 86_400;
const alice = newKey();

function storeWithEvents() {
  const store = partialStore({
    tableSizes: () => Promise.resolve([{ table: "events", bytes: 2_500_000, indexBytes: 40_000 }]),
  });
  const events = [
    ...Array.from(
      { length: 2_500 },
      (_, at) => someEvent({ created_at: DAY_S + at, pubkey: alice }),
    ),
    someEvent({ kind: 7, created_at: 10 * DAY_S }),
    someEvent({ kind: 0, created_at: 3 }),
  ];
  const bytes = events.map((event) => recordOf(event).json.length);
  return { store, events, bytes: bytes.reduce((a, b) => a + b, 0) };
}

Deno.test("events are counted by kind, author and day, over all pages", async () => {
  const { store, events, bytes } = storeWithEvents();
  await store.put(events.map(recordOf));
  const { context, stdout } = new FakeCommand({ openStore: () => Promise.resolve(store) });
  equal(await showStats(context, { json: true, top: 2 }), exitCode.done);
  const { topKinds, topAuthors, days, ...rest } = JSON.parse(stdout.text);
  deepEqual(rest, {
    events: 2_502,
    bytes,
    oldest: 3,
    newest: 10 * DAY_S,
    kinds: 3,
    authors: 2,
    tables: [{ table: "events", bytes: 2_500_000, indexBytes: 40_000 }],
  });
  deepEqual(topKinds.map(({ kind, events }: never) => [kind, events]), [[1, 2_500], [7, 1]]);
  deepEqual(topAuthors.map(({ pubkey, events }: never) => [pubkey, events]), [
    [alice, 2_500],
    ["ab".repeat(32), 2],
  ]);
  deepEqual(days.map(({ day, events }: never) => [day, events]), [["1970-01-11", 1], [
    "1970-01-02",
    2_500,
  ]]);
});

Deno.test("the same for people", async () => {
  const { store, events } = storeWithEvents();
  await store.put(events.map(recordOf));
  const { context, stdout } = new FakeCommand({ openStore: () => Promise.resolve(store) });
  equal(await showStats(context, { top: 1 }), exitCode.done);
  const lines = stdout.text.trimEnd().split("\n");
  match(lines[0]!, /^2502 events, 0\.\d MB of JSON, from 1970-01-01 to 1970-01-11$/);
  deepEqual(lines.slice(1, 4), ["3 kinds", lines[2], "2 authors"]);
  match(lines[2]!, /^ {2}1\t2500\t0\.\d MB$/);
  deepEqual(lines.slice(-2), ["tables, and their indexes", "  events\t2.5 MB\t0.0 MB"]);
});

Deno.test("an empty store has no events, and memory no tables", async () => {
  const { context, stdout } = new FakeCommand();
  equal(await showStats(context, { top: 10 }), exitCode.done);
  const text = "0 events, 0.0 MB of JSON\n0 kinds\n0 authors\nnewest days, by created_at\n";
  equal(stdout.text, text);
});

Deno.test("a time beyond all calendars is counted", async () => {
  const store = partialStore({});
  await store.put([someEvent({ created_at: Number.MAX_SAFE_INTEGER })].map(recordOf));
  const { context, stdout } = new FakeCommand({ openStore: () => Promise.resolve(store) });
  equal(await showStats(context, { top: 10 }), exitCode.done);
  match(stdout.text, /^1 events, 0\.0 MB of JSON, from later to later\n/);
});
