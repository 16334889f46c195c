import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { download } from "../../../src/app/commands/download.ts";
import { stream } from "../../../src/app/commands/stream.ts";
import { upload } from "../../../src/app/commands/upload.ts";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { publicKeyOf } from "../../../src/signatures/signature_noble.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { until } from "../../kit/mirrored_relays.ts";
import { OtherRelay } from "../../kit/other_relay.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { FakeSigner } from "../../kit/signer.ts";

const author = new FakeSigner(new SeededRandom(51));

function note(at: number, kind = 1): NostrEvent {
  return author.sign({ created_at: 1_700_000_000 + at, kind, tags: [], content: `${at}` });
}

function command(environment: Record<string, string> = {}): FakeCommand {
  return new FakeCommand({ clock: systemClock, environment });
}

function eventsOf(text: string): readonly NostrEvent[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

function fileOf(lines: readonly unknown[]): ReadableStream<Uint8Array> {
  const text = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line));
  return new Response(text.join("\n")).body!;
}

Deno.test("download prints everything that matches, newest first, or as many as asked for", async () => {
  const all = Array.from({ length: 130 }, (_, at) => note(at, at % 2 === 0 ? 1 : 7));
  await using other = new OtherRelay({ maxLimit: 40 }, all);
  const whole = command();
  equal(await download(whole.context, other.url, { filter: { kinds: [1] } }), exitCode.done);
  deepEqual(eventsOf(whole.stdout.text), all.filter(({ kind }) => kind === 1).reverse());
  const few = command();
  await download(few.context, other.url, { filter: { limit: 50 }, until: 1_700_000_099 });
  deepEqual(eventsOf(few.stdout.text), all.slice(50, 100).reverse());
  const closed = command();
  closed.stdout.capacity = 10;
  equal(await download(closed.context, other.url, { filter: {} }), exitCode.done);
  equal(closed.stdout.writes, 1);
});

Deno.test("download and upload say what keeps them from it", async () => {
  const filter = { limits: 5 };
  const wrong = command();
  equal(await download(wrong.context, "ws://127.0.0.1:1/", { filter }), exitCode.misused);
  match(wrong.stderr.text, /unsupported/);
  const nobody = command();
  equal(await download(nobody.context, "ws://127.0.0.1:1/", { filter: {} }), exitCode.failed);
  match(nobody.stderr.text, /^gallimimus: ws:\/\/127\.0\.0\.1:1\/: /);
  const missing = command();
  const task = { url: "ws://127.0.0.1:1/", file: "missing" };
  equal(await upload(missing.context, task, {}), exitCode.failed);
  match(missing.stderr.text, /missing: no such file/);
});

Deno.test("NIP-42: upload publishes each event once, after AUTH, and counts by reason", async () => {
  const secret = "0d".repeat(32);
  await using other = new OtherRelay({
    needsAuth: true,
    refuses: ({ kind }) => kind === 7 ? "blocked: no reactions" : undefined,
  });
  const given = command({ NOSTR_SECRET_KEY: secret });
  const events = Array.from({ length: 250 }, (_, at) => note(at));
  given.files.set("file", fileOf([...events, note(3), "no event", { id: 5 }, note(1, 7)]));
  equal(await upload(given.context, { url: other.url, file: "file" }, {}), exitCode.done);
  equal(
    given.stdout.text,
    "sent: accepted 251, known there 0\n" +
      "  refused 1: not sent: invalid: an event is a JSON object\n" +
      "  refused 1: not sent: invalid: id is not 64 lower-case hex digits\n" +
      "  refused 1: blocked: no reactions\n",
  );
  equal(other.events.size, 250);
  deepEqual(other.keys, new Set([publicKeyOf(Uint8Array.fromHex(secret))]));
});

Deno.test("stream prints what is new on several relays, each event once, across cuts", async () => {
  await using one = new OtherRelay({}, [note(1)]);
  await using two = new OtherRelay();
  const following = command();
  const ended = stream(following.context, [one.url, two.url], { filter: { kinds: [1] } });
  const printed = () => eventsOf(following.stdout.text).map(({ content }) => content);
  ok(await until(() => one.heard["REQ"] === 1 && two.heard["REQ"] === 1));
  for (const relay of [one, two]) relay.publish(note(2));
  one.publish(note(3, 7));
  ok(await until(() => printed().length === 1));
  one.cut();
  ok(await until(() => following.stderr.text.includes("is away")));
  // Published while there is no connection, and found afterwards.
  const nowS = Math.floor(Date.now() / 1_000);
  const missed = author.sign({ created_at: nowS, kind: 1, tags: [], content: "missed" });
  one.publish(missed);
  ok(await until(() => printed().includes("missed")));
  match(following.stderr.text, /is back/);
  one.publish(note(4));
  ok(await until(() => printed().length === 3));
  following.controller.abort();
  equal(await ended, exitCode.done);
  deepEqual(printed(), ["2", "missed", "4"]);
});

Deno.test("no relay can keep stream from printing the event of another", async () => {
  await using one = new OtherRelay();
  await using two = new OtherRelay();
  const following = command();
  const ended = stream(following.context, [one.url, two.url], { filter: {} });
  const printed = () => eventsOf(following.stdout.text);
  ok(await until(() => one.heard["REQ"] === 1 && two.heard["REQ"] === 1));
  const [real, forged] = [note(1), { ...note(1), content: "forged" }];
  two.publish(forged);
  ok(await until(() => printed().length === 1));
  one.publish(real);
  ok(await until(() => printed().length === 2));
  following.controller.abort();
  await ended;
  deepEqual(printed(), [forged, real]);
});

Deno.test("stream ends when nobody reads it any more", async () => {
  await using one = new OtherRelay();
  const following = command();
  following.stdout.capacity = 0;
  const ended = stream(following.context, [one.url], { filter: {} });
  ok(await until(() => one.heard["REQ"] === 1));
  one.publish(note(1));
  equal(await ended, exitCode.done);
});

Deno.test("stream fails when nothing can be written any more", async () => {
  await using one = new OtherRelay();
  const following = command();
  following.stdout.write = () => Promise.reject(new Error("the disk is full"));
  const ended = rejects(stream(following.context, [one.url], { filter: {} }), /the disk is full/);
  ok(await until(() => one.heard["REQ"] === 1));
  one.publish(note(1));
  await ended;
});
