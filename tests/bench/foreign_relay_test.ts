import { deepEqual, equal, ok } from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { packMessages } from "../../bench/load/frames.ts";
import { framesOf } from "../../bench/load/publish.ts";
import { sharedFeed } from "../../bench/load/loads.ts";
import { RawClient } from "../../bench/load/raw_client.ts";
import { askSide } from "../../bench/load/sides/ask.ts";
import { connectSide } from "../../bench/load/sides/connect.ts";
import { feedSide } from "../../bench/load/sides/feed.ts";
import { holdSide } from "../../bench/load/sides/hold.ts";
import { listenSide } from "../../bench/load/sides/listen.ts";
import { publishSide } from "../../bench/load/sides/publish.ts";
import type { TallyEntries } from "../../bench/load/tally.ts";
import { generateEvents } from "../kit/event_generator.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { FakeSigner } from "../kit/signer.ts";

type Message = readonly [string, ...unknown[]];
type Answer = (socket: WebSocket, message: Message, place: number) => void;

/** A relay of somebody else, that answers as it likes. */
async function startForeign(answer: Answer, greeting?: readonly unknown[]) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  let place = 0;
  server.on("connection", (socket: WebSocket) => {
    if (greeting !== undefined) socket.send(JSON.stringify(greeting));
    socket.on("message", (data: unknown) => answer(socket, JSON.parse(String(data)), place++));
    socket.on("error", () => {});
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const say = (socket: WebSocket, ...message: unknown[]) =>
  // As Python writes it.
  socket.send(`[${message.map((element) => JSON.stringify(element)).join(", ")}]`);

const events = generateEvents(new SeededRandom(1), 60, { authors: 60 })
  .filter(({ id }, at, all) => all.findIndex((event) => event.id === id) === at).slice(0, 40);

const counts = (tally: TallyEntries) =>
  Object.fromEntries(Object.entries(tally).map(([reason, { count }]) => [reason, count]));

const publishJob = (url: string, timeoutMs: number) => ({
  ...{ kind: "publish" as const, url, ...framesOf(events), connections: 2, inFlight: 4 },
  ...{ maxSeconds: 60, timeoutMs },
});

const askJob = (url: string, timeoutMs: number) => ({
  kind: "ask" as const,
  url,
  requests: packMessages(Array.from({ length: 8 }, (_, at) => ["REQ", `q${at}`, {}])),
  closes: packMessages(Array.from({ length: 8 }, (_, at) => ["CLOSE", `q${at}`])),
  ...{ connections: 2, seconds: 60, questions: 24, timeoutMs },
});

Deno.test("NIP-01: every way to answer an event is counted, and all of them are all events", async () => {
  await using foreign = await startForeign((socket, [, event], place) => {
    const { id } = event as { id: string };
    if (place % 4 === 0) say(socket, "OK", id, true, "");
    if (place % 4 === 1) say(socket, "OK", id, false, "blocked: no");
    if (place % 4 === 2) say(socket, "OK", id, true, "duplicate: known");
    if (place % 4 === 3) say(socket, "OK", id, false, "Sorry");
    if (place === 0) say(socket, "NOTICE", "be nice");
  }, ["AUTH", "who?"]);
  const side = await publishSide(publishJob(foreign.url, 60_000));
  const { done, tried, tally, latencies } = await side.run(Promise.resolve());
  await side.close();
  equal(done, 10);
  equal(tried, 40);
  equal(latencies.reduce((sum, count) => sum + count, 0), 40);
  deepEqual(counts(tally), {
    "OK false, blocked": 10,
    "OK true, duplicate": 10,
    "OK false, no prefix": 10,
    "AUTH challenge": 2,
    NOTICE: 1,
  });
});

Deno.test("a relay that stops answering ends the load, and its silence counts as slow", async () => {
  await using foreign = await startForeign((socket, [, event], place) => {
    if (place < 10) say(socket, "OK", (event as { id: string }).id, true, "");
  });
  const side = await publishSide(publishJob(foreign.url, 1_500));
  const { done, tally, latencies } = await side.run(Promise.resolve());
  await side.close();
  equal(done, 10);
  const { "no answer": silent, "not sent": unsent } = counts(tally);
  equal(done + silent! + unsent!, 40);
  equal(latencies.reduce((sum, count) => sum + count, 0), done + silent!);
});

Deno.test("a relay that hangs up ends the load with what it said", async () => {
  await using foreign = await startForeign((socket) => socket.close(1008, "go away"));
  const side = await publishSide(publishJob(foreign.url, 60_000));
  const { done, tally } = await side.run(Promise.resolve());
  await side.close();
  equal(done, 0);
  const { "no answer": silent, "not sent": unsent, ...rest } = counts(tally);
  equal(silent! + unsent!, 40);
  deepEqual(rest, { "connection ended by the relay": 2 });
  equal(tally["connection ended by the relay"]!.example, "closed with 1008: go away");
});

Deno.test("a question may end with EOSE, CLOSED or a NOTICE", async () => {
  await using foreign = await startForeign((socket, [verb, id], place) => {
    if (verb !== "REQ") return;
    const number = Number(String(id).slice(1));
    // Another question's end is none.
    say(socket, "EOSE", "q999");
    if (number % 4 === 0) return say(socket, "CLOSED", id, "error: no");
    if (number % 4 === 1) return say(socket, "NOTICE", `bad request ${place}`);
    say(socket, "EVENT", id, events[0]);
    say(socket, "EOSE", id);
  });
  const side = await askSide(askJob(foreign.url, 60_000));
  const { done, tried, rows, tally } = await side.run(Promise.resolve());
  await side.close();
  deepEqual({ done, tried, rows }, { done: 12, tried: 24, rows: 12 });
  deepEqual(counts(tally), { "CLOSED, error": 6, NOTICE: 6 });
});

Deno.test("a question without an answer is given up after its time", async () => {
  await using foreign = await startForeign((socket, [verb, id]) => {
    if (verb === "REQ" && id !== "q3") say(socket, "EOSE", id);
  });
  const side = await askSide(askJob(foreign.url, 1_500));
  const { done, tried, tally } = await side.run(Promise.resolve());
  await side.close();
  equal(tried, 24);
  equal(done, 21);
  deepEqual(counts(tally), { "no answer": 3 });
});

Deno.test("idle connections whose subscriptions are refused are none", async () => {
  await using foreign = await startForeign((socket, [, id]) => {
    if (id === "q0") say(socket, "EOSE", id);
    else say(socket, "CLOSED", id, "restricted: one is enough");
  });
  const job = { kind: "hold" as const, url: foreign.url, timeoutMs: 60_000, connections: 2 };
  const side = holdSide({ ...job, subscriptions: 2, authors: ["00"] });
  const { done, tried, tally } = await side.run(Promise.resolve());
  await side.close();
  deepEqual({ done, tried }, { done: 0, tried: 2 });
  deepEqual(counts(tally), {
    "CLOSED, restricted": 2,
    "connection without all of its EOSEs": 2,
  });
});

Deno.test("what is refused, lost or delivered twice is told from what is delivered", async () => {
  const listeners: WebSocket[] = [];
  await using foreign = await startForeign((socket, [verb, what]) => {
    if (verb === "REQ") {
      listeners.push(socket);
      return say(socket, "EOSE", what);
    }
    const event = what as { id: string; content: string };
    const place = Number(event.content) % 5;
    if (place === 1) return say(socket, "OK", event.id, false, "blocked: no");
    const receivers = place === 2 ? listeners.slice(1) : listeners;
    for (const receiver of receivers) say(receiver, "EVENT", "q0", event);
    if (place === 3) { for (const receiver of receivers) say(receiver, "EVENT", "q0", event); }
    say(socket, "OK", event.id, true, "");
  });
  const author = new FakeSigner(new SeededRandom(1));
  const notes = Array.from(
    { length: 10 },
    (_, at) => author.sign({ kind: 1, created_at: 1, tags: [], content: String(at) }),
  );
  const { frames, keys } = framesOf(notes);
  const authors = [author.pubkey];
  const job = { url: foreign.url, timeoutMs: 1_500, feed: sharedFeed(notes, keys, authors) };
  const listen = await listenSide({
    ...{ ...job, kind: "listen", authors, connections: 2, subscriptions: 1, sinceS: 1 },
    ...{ isByAuthor: true, isDeflated: false },
  });
  const feed = await feedSide({ ...job, kind: "feed", frames, inFlight: 20, seconds: 60 });
  const stop = Promise.withResolvers<void>();
  const heard = listen.run(stop.promise);
  const said = await feed.run(stop.promise);
  stop.resolve();
  const { done, tried, tally } = await heard;
  await Promise.all([listen.close(), feed.close()]);
  deepEqual({ sent: said.tried, accepted: said.done }, { sent: 10, accepted: 8 });
  deepEqual(counts(said.tally), { "OK false, blocked": 2 });
  deepEqual({ done, tried }, { done: 14, tried: 16 });
  deepEqual(counts(tally), { "delivered once too often": 4, "not delivered": 2 });
  ok(said.seconds < 1.5, "the wait for what does not come is not counted");
});

Deno.test("a refused handshake and a closed port are faults and no exceptions", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("busy", { status: 503 }),
  );
  const url = `ws://127.0.0.1:${server.addr.port}`;
  const refused = await RawClient.open(url);
  deepEqual(refused, { fault: "handshake: HTTP/1.1 503 Service Unavailable" });
  const side = connectSide({ kind: "connect", url, timeoutMs: 60_000, atOnce: 2, seconds: 0.05 });
  const { done, tried, tally } = await side.run(Promise.resolve());
  equal(done, 0);
  ok(tried > 0);
  equal(tally["no connection"]!.count, tried);
});

Deno.test("a handshake without an answer ends after its time", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const accepted = listener.accept();
  const client = await RawClient.open(`ws://127.0.0.1:${listener.addr.port}`, { timeoutMs: 50 });
  deepEqual(client, { fault: "no answer to the handshake" });
  (await accepted).close();
});

Deno.test("RFC 6455 §5.4: a message in several frames is one message", async () => {
  await using foreign = await startForeign((socket) => {
    socket.send('["EO', { fin: false });
    socket.send('SE","q', { fin: false });
    socket.ping();
    socket.send('0"]', { fin: true });
    socket.send("x".repeat(400_000));
    socket.close();
  });
  const client = await RawClient.open(foreign.url);
  ok(!("fault" in client));
  const texts: string[] = [];
  const reading = client.read((payload) => texts.push(new TextDecoder().decode(payload)));
  await client.send(packMessages([["REQ", "q0", {}]]).bytes);
  equal(await reading, "closed");
  client.close();
  deepEqual(texts.map(({ length }) => length), [13, 400_000]);
  equal(texts[0], '["EOSE","q0"]');
});
