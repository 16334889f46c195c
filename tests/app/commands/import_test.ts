import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { importFile } from "../../../src/app/commands/import.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { readUntil } from "../../../src/app/system/streams.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";
import { FakeCommand, KeptMemoryStore } from "../../kit/fake_command.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner, SchnorrSigner } from "../../kit/signer.ts";

const note = new SchnorrSigner(new SeededRandom(1))
  .sign({ created_at: 1, kind: 1, tags: [], content: "hello" });
const unsigned = new FakeSigner(new SeededRandom(2))
  .sign({ created_at: 1, kind: 1, tags: [], content: "" });

function streamOf(text: string): ReadableStream<Uint8Array> {
  return ReadableStream.from([utf8(text)]);
}

Deno.test("the counts, the reasons and the first refused lines are printed, and all is well", async () => {
  const fake = new FakeCommand();
  const lines = [eventJson(note), eventJson(note), "x", eventJson(unsigned), "y"];
  fake.files.set("events.jsonl", streamOf(lines.join("\n")));
  const code = await importFile(fake.context, "events.jsonl", { verify: true, limits: true });
  equal(code, exitCode.done);
  equal(
    fake.stdout.text,
    "stored 1, duplicate 1, superseded 0, deleted 0, refused 3\n" +
      "refused 2: invalid: not JSON\n" +
      "refused 1: invalid: signature does not fit the author and the id\n" +
      "line 3: invalid: not JSON\n" +
      "line 4: invalid: signature does not fit the author and the id\n" +
      "line 5: invalid: not JSON\n",
  );
  equal(fake.stderr.text, "");
});

Deno.test("--json prints the counts, the reasons and the first refused lines as one object", async () => {
  const fake = new FakeCommand();
  fake.files.set("events.jsonl", streamOf([eventJson(note), "x"].join("\n")));
  const options = { verify: true, limits: true, json: true };
  equal(await importFile(fake.context, "events.jsonl", options), exitCode.done);
  deepEqual(JSON.parse(fake.stdout.text), {
    ...{ stored: 1, duplicate: 0, superseded: 0, deleted: 0, skipped: 0, hidden: 0 },
    refused: { "invalid: not JSON": 1 },
    examples: [{ number: 2, reason: "invalid: not JSON" }],
  });
});

Deno.test("--no-verify takes signatures on trust", async () => {
  const fake = new FakeCommand();
  fake.files.set("-", streamOf(eventJson(unsigned)));
  equal(await importFile(fake.context, "-", { verify: false, limits: true }), exitCode.done);
  equal(fake.stdout.text, "stored 1, duplicate 0, superseded 0, deleted 0, refused 0\n");
});

Deno.test("a person sees progress", async () => {
  const fake = new FakeCommand();
  fake.stderr.isTerminal = true;
  fake.files.set("-", streamOf(eventJson(note)));
  await importFile(fake.context, "-", { verify: true, limits: true });
  ok(fake.stderr.text.includes("stored 1,"), fake.stderr.text);
  ok(fake.stderr.text.endsWith("\r\x1b[K"), "the line is gone at the end");
});

Deno.test("a file that cannot be opened is a failure, and the store is left alone", async () => {
  const fake = new FakeCommand({ openStore: () => Promise.reject(new Error("opened")) });
  equal(
    await importFile(fake.context, "nothing", { verify: true, limits: true }),
    exitCode.failed,
  );
  equal(fake.stderr.text, "gallimimus: nothing: no such file\n");
});

Deno.test("a store that cannot be had fails the command", async () => {
  const openStore = () => Promise.reject(new StoreUnavailable("no database"));
  const fake = new FakeCommand({ openStore });
  fake.files.set("-", streamOf(""));
  await rejects(
    importFile(fake.context, "-", { verify: false, limits: true }),
    StoreUnavailable,
  );
});

Deno.test("a signal ends it: what was read is stored and counted, and the exit code tells", async () => {
  const fake = new FakeCommand();
  const pieces = [utf8(`${eventJson(note)}\n${eventJson(note).slice(9)}`)];
  const silent = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) queueMicrotask(() => fake.controller.abort());
      else controller.enqueue(piece);
    },
  }, { highWaterMark: 0 });
  fake.files.set("-", silent);
  const code = await importFile(fake.context, "-", { verify: true, limits: true });
  equal(code, exitCode.interrupted);
  // The line that it cut off is not refused.
  equal(fake.stdout.text, "stored 1, duplicate 0, superseded 0, deleted 0, refused 0\n");
});

const flags = { verify: true, limits: true };
const signer = new SchnorrSigner(new SeededRandom(3));
const notes = [1_000, 2_000, 3_000].map((created_at) =>
  signer.sign({ created_at, kind: 1, tags: [], content: "" })
);
const lines = notes.map((event) => `${eventJson(event)}\n`).join("");

/** Imports a file of this name and content. */
async function importOf(path: string, file: ReadableStream<Uint8Array>, more = {}) {
  const fake = new FakeCommand();
  fake.files.set(path, file);
  const code = await importFile(fake.context, path, { ...flags, ...more });
  return { code, stdout: fake.stdout.text, stderr: fake.stderr.text };
}

function gzipOf(text: string): ReadableStream<Uint8Array> {
  return streamOf(text).pipeThrough(new CompressionStream("gzip") as TransformStream<Uint8Array>);
}

const counted = "stored 3, duplicate 0, superseded 0, deleted 0, refused 0\n";

Deno.test("an array of events is imported as lines are, and so is what is compressed", async () => {
  const done = { code: exitCode.done, stdout: counted, stderr: "" };
  deepEqual(await importOf("a.json", streamOf(JSON.stringify(notes, undefined, 2))), done);
  deepEqual(await importOf("a.jsonl.gz", gzipOf(lines)), done);
  const messages = notes.map((event) => `["EVENT","x",${eventJson(event)}]`).join("\r\n");
  deepEqual(await importOf("a.txt", streamOf(`\ufeff${messages}`)), done);
});

Deno.test("a compressed file that is cut off or none is a failure, and what came before is counted", async () => {
  const whole = new Uint8Array(await new Response(gzipOf(lines.repeat(2_000))).arrayBuffer());
  const cut = ReadableStream.from([whole.subarray(0, whole.length - 10)]);
  const { code, stdout, stderr } = await importOf("a.gz", cut, { verify: false });
  equal(code, exitCode.failed);
  match(stdout, /^stored 3, duplicate \d+/);
  match(stderr, /^gallimimus: a\.gz: .+\n$/);
  ok(!stderr.includes(" at "), stderr);
  const none = await importOf("b.gz", streamOf(lines));
  deepEqual([none.code, none.stdout], [exitCode.failed, ""]);
  match(none.stderr, /^gallimimus: b\.gz: .+\n$/);
});

Deno.test("--since and --until pass over events, which are no failure", async () => {
  const some = await importOf("-", streamOf(lines), { since: 2_000, until: 2_999 });
  equal(some.code, exitCode.done);
  equal(
    some.stdout,
    "stored 1, duplicate 0, superseded 0, deleted 0, refused 0, outside --since and --until 2\n",
  );
  equal((await importOf("-", streamOf(lines), { since: 4_000 })).code, exitCode.done);
});

Deno.test("--undelete takes what the operator deleted", async () => {
  const store = new KeptMemoryStore();
  const importing = async (more = {}) => {
    const fake = new FakeCommand({ openStore: () => Promise.resolve(store) });
    fake.files.set("-", streamOf(lines));
    equal(await importFile(fake.context, "-", { ...flags, ...more }), exitCode.done);
    return fake.stdout.text;
  };
  await importing();
  await store.erase({ ids: notes.slice(1).map(({ id }) => id), isRemembered: true });
  match(await importing(), /^stored 0, duplicate 1, superseded 0, deleted 2, /);
  match(await importing({ undelete: true }), /^stored 2, duplicate 1, superseded 0, deleted 0, /);
});

Deno.test("a file of which every line is refused is a failure, an empty one is not", async () => {
  const { code, stdout } = await importOf("-", streamOf("hello\n[1,2]\n"));
  equal(code, exitCode.failed);
  match(stdout, /^stored 0, .*, refused 2\n/);
  equal((await importOf("-", streamOf("\n"))).code, exitCode.done);
  equal((await importOf("-", streamOf(`hello\n${lines}`))).code, exitCode.done);
});

/** A stream that gives `pieces` and then says nothing more, and whether it was cancelled. */
function silentAfter(pieces: readonly number[]) {
  const state = { cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new Uint8Array([piece]));
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return { stream, state };
}

Deno.test("everything is read to the end", async () => {
  const stream = ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])]);
  const pieces = await Array.fromAsync(readUntil(stream, new AbortController().signal));
  deepEqual(pieces.map((piece) => piece[0]), [1, 2]);
});

Deno.test("a read that waits is given up when it is called off", async () => {
  const { stream, state } = silentAfter([1]);
  const controller = new AbortController();
  const read: number[] = [];
  for await (const piece of readUntil(stream, controller.signal)) {
    read.push(piece[0]!);
    queueMicrotask(() => controller.abort());
  }
  deepEqual(read, [1]);
  equal(state.cancelled, true);
});

Deno.test("a reader that leaves early cancels the stream", async () => {
  const { stream, state } = silentAfter([1, 2]);
  for await (const _ of readUntil(stream, new AbortController().signal)) break;
  equal(state.cancelled, true);
});

Deno.test("what the stream fails with reaches the reader", async () => {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new Error("disk gone")),
  });
  const reading = Array.fromAsync(readUntil(stream, new AbortController().signal));
  await rejects(reading, /disk gone/);
});
