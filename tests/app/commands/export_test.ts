import { equal, ok, rejects } from "node:assert/strict";
import { exportEvents, type ExportFlags } from "../../../src/app/commands/export.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";
import { LocalFeed } from "../../../src/store/feed/local_feed.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const alice = new FakeSigner(new SeededRandom(1));
const bob = new FakeSigner(new SeededRandom(2));
const events: readonly NostrEvent[] = [
  alice.sign({ created_at: 40, kind: 1, tags: [["t", "a"]], content: "four" }),
  bob.sign({ created_at: 30, kind: 1, tags: [], content: "three" }),
  alice.sign({ created_at: 20, kind: 7, tags: [], content: "two" }),
  bob.sign({ created_at: 10, kind: 1, tags: [], content: "one" }),
];

/** A command whose store has {@link events}. */
async function filled(): Promise<FakeCommand> {
  const fake = new FakeCommand();
  await fake.store.put(events.map(recordOf));
  return fake;
}

const questions: readonly [string, ExportFlags, readonly string[]][] = [
  ["nothing", {}, ["four", "three", "two", "one"]],
  ["--since", { since: 20 }, ["four", "three", "two"]],
  ["--until", { until: 20 }, ["two", "one"]],
  ["--kinds", { kinds: [7, 8] }, ["two"]],
  ["--authors", { authors: [bob.pubkey] }, ["three", "one"]],
  ["--filter", { filter: [{ "#t": ["a"] }] }, ["four"]],
  ["two filters", { filter: [{ kinds: [7] }, { until: 10 }] }, ["two", "one"]],
  ["a filter with a limit", { filter: [{ limit: 1 }] }, ["four"]],
  ["--filter and --kinds", { filter: [{ authors: [alice.pubkey] }], kinds: [1] }, ["four"]],
  ["an empty list", { filter: [{ kinds: [] }] }, []],
];

for (const [what, flags, contents] of questions) {
  Deno.test(`${what}: prints ${contents.length} events, newest first, as they were stored`, async () => {
    const fake = await filled();
    equal(await exportEvents(fake.context, flags), exitCode.done);
    const expected = events.filter(({ content }) => contents.includes(content));
    equal(fake.stdout.text, expected.map((event) => eventJson(event) + "\n").join(""));
  });
}

Deno.test("a filter that makes no sense is a misuse, and says why", async () => {
  const fake = await filled();
  equal(await exportEvents(fake.context, { authors: ["npub1"] }), exitCode.misused);
  equal(
    fake.stderr.text,
    "gallimimus: export: authors is not a list of keys, each 64 lower-case hex digits\n",
  );
  equal(fake.stdout.text, "");
});

Deno.test("when nobody reads any more it ends quietly and asks the store for no more", async () => {
  const fake = new FakeCommand();
  fake.stdout.capacity = 100_000;
  let given = 0;
  const json = utf8("x".repeat(1000));
  const store = partialStore({
    feed: new LocalFeed(),
    put: () => Promise.resolve([]),
    async *query() {
      for (;;) {
        given++;
        yield await Promise.resolve([{ seq: 1, id: "", createdAt: 0, json }]);
      }
    },
    close: () => Promise.resolve(),
  });
  const context = { ...fake.context, openStore: () => Promise.resolve(store) };
  equal(await exportEvents(context, {}), exitCode.done);
  equal(fake.stderr.text, "");
  ok(given < 200, `${given} events`);
});

Deno.test("events leave in pieces of about 64 kB, so that a slow reader holds up the store", async () => {
  const fake = new FakeCommand();
  const many = Array.from(
    { length: 1000 },
    (_, created_at) => alice.sign({ created_at, kind: 1, tags: [], content: "x".repeat(500) }),
  );
  await fake.store.put(many.map(recordOf));
  await exportEvents(fake.context, {});
  const writes = fake.stdout.text.length / 66_000;
  ok(fake.stdout.writes >= writes && fake.stdout.writes <= writes + 2);
});

Deno.test("a signal interrupts it", async () => {
  const fake = await filled();
  fake.controller.abort();
  equal(await exportEvents(fake.context, {}), exitCode.interrupted);
});

Deno.test("a store that fails on the way fails the command", async () => {
  const fake = new FakeCommand();
  const store = partialStore({
    feed: new LocalFeed(),
    put: () => Promise.resolve([]),
    // deno-lint-ignore require-yield -- it fails before it has anything to give
    async *query() {
      await Promise.resolve();
      throw new StoreUnavailable("gone");
    },
    close: () => Promise.resolve(),
  });
  const context = { ...fake.context, openStore: () => Promise.resolve(store) };
  await rejects(exportEvents(context, {}), StoreUnavailable);
});

const allLines = events.map((event) => eventJson(event) + "\n").join("");

Deno.test("--output writes a file, compressed if it is named so", async () => {
  for (const path of ["a.jsonl", "a.jsonl.gz"]) {
    const fake = await filled();
    equal(await exportEvents(fake.context, { output: path }), exitCode.done);
    equal(fake.stdout.text, `exported 4 events to ${path}\n`);
    const file = new Blob([fake.written.get(path)! as Uint8Array<ArrayBuffer>]).stream();
    const text = path.endsWith(".gz") ? file.pipeThrough(new DecompressionStream("gzip")) : file;
    equal(await new Response(text).text(), allLines);
  }
});

Deno.test("a file that exists is left alone", async () => {
  const fake = await filled();
  fake.written.set("a.jsonl", new Uint8Array());
  equal(await exportEvents(fake.context, { output: "a.jsonl" }), exitCode.failed);
  equal(fake.stderr.text, "gallimimus: a.jsonl: exists already\n");
  equal(fake.written.get("a.jsonl")!.length, 0);
});

Deno.test("a file that is not written to its end gets no name", async () => {
  const fake = new FakeCommand();
  const store = partialStore({
    async *query() {
      yield await Promise.resolve([{ seq: 1, id: "", createdAt: 0, json: utf8("{}") }]);
      throw new StoreUnavailable("gone");
    },
  });
  const context = { ...fake.context, openStore: () => Promise.resolve(store) };
  for (const output of ["a.jsonl", "a.jsonl.gz"]) {
    await rejects(exportEvents(context, { output }), StoreUnavailable);
    equal(fake.written.size, 0);
  }
});
