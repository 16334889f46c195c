import { deepEqual, equal, match } from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import {
  HttpConversation,
  type HttpEvents,
  type HttpLimits,
} from "../../../src/net/server/http_conversation.ts";
import { Turns } from "../../../src/net/turns.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { SlowStream } from "../../kit/slow_stream.ts";

const limits: HttpLimits = { maxHeaderBytes: 1000, maxBodyBytes: 100, handshakeTimeoutMs: 10_000 };

/** Lets everything that is ready happen. */
async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** A conversation and all that was told of it. */
class Talk {
  readonly clock = new FakeClock();
  readonly requests: string[] = [];
  readonly statuses: number[] = [];
  readonly faults: unknown[] = [];
  readonly upgrades: string[] = [];
  deadlineRuns = true;
  readonly conversation: HttpConversation;

  constructor(socket: Duplex, events: Partial<HttpEvents> = {}) {
    const deadline = {
      restart: () => void (this.deadlineRuns = true),
      stop: () => void (this.deadlineRuns = false),
    };
    const { clock } = this;
    const turns = new Turns((round) => clock.after(0, round));
    this.conversation = new HttpConversation({ socket, deadline, clock, limits, turns }, {
      request: ({ method, target }, body) => {
        this.requests.push(`${method} ${target} ${body.length}`);
        return new Response(target);
      },
      upgrade: ({ target }, rest) => {
        this.upgrades.push(`${target} ${new TextDecoder().decode(rest)}`);
        socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      },
      refused: ({ status }) => this.statuses.push(status),
      failed: (error) => this.faults.push(error),
      ...events,
    });
    this.conversation.start();
  }
}

/** A conversation whose other end is `client`, which hears `heard`. */
function converse(events: Partial<HttpEvents> = {}) {
  const [socket, client] = duplexPair();
  const talk = new Talk(socket, events);
  const heard = { text: "" };
  client.on("data", (chunk) => heard.text += chunk);
  client.on("error", () => {});
  return { talk, socket, client, heard };
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`;

Deno.test("a connection is kept, and requests in one read are answered in order, one a turn", async () => {
  const { talk, client, heard } = converse();
  client.write(get("/a") + get("/b") + get("/c"));
  await settle();
  deepEqual(talk.requests, ["GET /a 0"], "the others wait their turn");
  for (let turn = 0; turn < 2; turn++) {
    talk.clock.advance(0);
    await settle();
  }
  deepEqual(talk.requests, ["GET /a 0", "GET /b 0", "GET /c 0"]);
  match(heard.text, /\/aHTTP[^]*\/bHTTP[^]*\/c$/);
  client.write(get("/d"));
  await settle();
  equal(talk.requests.length, 4);
});

Deno.test("nothing is read while an answer waits to be written", async () => {
  const stream = new SlowStream();
  const talk = new Talk(stream);
  stream.stick();
  stream.push(get("/a").repeat(3));
  await settle();
  equal(talk.requests.length, 1);
  equal(stream.isPaused(), true);
  for (let more = 0; more < 100; more++) stream.push(get("/a").repeat(100));
  talk.clock.advance(1000);
  await settle();
  equal(talk.requests.length, 1, "one answer waits, and so there is one request");
  equal(talk.deadlineRuns, true, "a peer that does not take it is cut off in time");
  stream.release();
  await settle();
  talk.clock.advance(0);
  await settle();
  equal(talk.requests.length, 2);
  stream.destroy();
});

Deno.test("the deadline does not count while the answer is made", async () => {
  const made = Promise.withResolvers<Response>();
  const { talk, client } = converse({ request: () => made.promise });
  client.write(get("/a"));
  await settle();
  equal(talk.deadlineRuns, false);
  made.resolve(new Response(""));
  await settle();
  equal(talk.deadlineRuns, true);
});

Deno.test("an upgrade comes after the answers before it, with the bytes behind it", async () => {
  const { talk, client, heard } = converse();
  const upgrade =
    "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  client.write(`${get("/a")}${upgrade}frames`);
  await settle();
  deepEqual(talk.upgrades, []);
  talk.clock.advance(0);
  await settle();
  deepEqual(talk.upgrades, ["/ws frames"]);
  match(heard.text, /^HTTP\/1\.1 200 OK[^]*\/aHTTP\/1\.1 101 /);
});

Deno.test("an upgrade with a body is 400", async () => {
  for (const body of ["Content-Length: 1", "Transfer-Encoding: chunked"]) {
    const { talk, client, heard } = converse();
    const fields = `Host: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${body}`;
    client.write(`GET /ws HTTP/1.1\r\n${fields}\r\n\r\n`);
    await settle();
    match(heard.text, /^HTTP\/1\.1 400 /);
    deepEqual([talk.statuses, talk.upgrades], [[400], []]);
  }
});

Deno.test("a body too long is 413, and what still comes of it is dropped for a moment", async () => {
  const { talk, socket, client, heard } = converse();
  client.write("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let chunk = 0; chunk < 400; chunk++) client.write(`3e8\r\n${"x".repeat(1000)}\r\n`);
  await settle();
  match(heard.text, /^HTTP\/1\.1 413 [^]*Connection: close/);
  equal(socket.destroyed, false);
  talk.clock.advance(1000);
  equal(socket.destroyed, true);
  deepEqual([talk.requests, talk.faults], [[], []]);
});

Deno.test("RFC 9110 §10.1.1: 100 comes before a body that is waited for, and not before one too long", async () => {
  const expecting = (length: number) =>
    `POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
  const { talk, client, heard } = converse();
  client.write(expecting(5));
  await settle();
  equal(heard.text, "HTTP/1.1 100 Continue\r\n\r\n");
  client.write("hello");
  await settle();
  deepEqual(talk.requests, ["POST / 5"]);

  const second = converse();
  second.client.write(expecting(500));
  await settle();
  match(second.heard.text, /^HTTP\/1\.1 413 /);
  const third = converse();
  third.client.write("GET / HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n");
  await settle();
  match(third.heard.text, /^HTTP\/1\.1 417 /);
});

Deno.test("a handler that throws is 500 and the end of its connection", async () => {
  for (
    const fails of [() => Promise.reject(new Error("bug")), () => {
      throw new Error("bug");
    }]
  ) {
    const { talk, client, heard } = converse({ request: fails });
    client.write(get("/a"));
    await settle();
    match(heard.text, /^HTTP\/1\.1 500 [^]*connection: close/);
    equal(talk.faults.length, 1);
  }
});

Deno.test("whatever throws at an edge ends the connection and is told once", async () => {
  const bug = () => {
    throw new Error("bug");
  };
  const broken = new Response("x");
  await broken.text();
  const edges: readonly (readonly [Partial<HttpEvents>, string])[] = [
    [
      { upgrade: bug },
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    [{ refused: bug }, "nonsense\r\n\r\n"],
    [{ request: () => broken }, get("/a")],
  ];
  for (const [events, text] of edges) {
    const { talk, socket, client } = converse(events);
    client.write(text);
    await settle();
    equal(talk.faults.length, 1, text);
    equal(socket.destroyed, true, text);
  }
  const { socket, client } = converse({ request: bug, failed: bug });
  client.write(get("/a"));
  await settle();
  equal(socket.destroyed, true, "even where telling it throws");
});

Deno.test("who goes away in the middle of a request, or before the answer, is nobody's error", async () => {
  const { talk, socket, client } = converse();
  client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nhalf");
  await settle();
  client.end();
  await settle();
  deepEqual([socket.destroyed, talk.requests, talk.faults], [true, [], []]);

  const made = Promise.withResolvers<Response>();
  const second = converse({ request: () => made.promise });
  second.client.write(get("/a"));
  await settle();
  second.socket.destroy(new Error("reset"));
  made.resolve(new Response("late"));
  await settle();
  deepEqual(second.talk.faults, []);
});

Deno.test("who has said all it has to say still gets its answer", async () => {
  const { client, heard } = converse();
  client.end(get("/a"));
  await settle();
  match(heard.text, /^HTTP\/1\.1 200 OK[^]*\/a$/);
});

Deno.test("finish ends an idle conversation now, and a busy one behind its answer", async () => {
  const idle = converse();
  idle.talk.conversation.finish();
  equal(idle.socket.destroyed, true);
  const half = converse();
  half.client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nhalf");
  await settle();
  half.talk.conversation.finish();
  equal(half.socket.destroyed, true);
  const made = Promise.withResolvers<Response>();
  const busy = converse({ request: () => made.promise });
  busy.client.write(get("/a"));
  await settle();
  busy.talk.conversation.finish();
  equal(busy.socket.destroyed, false);
  made.resolve(new Response("done"));
  await settle();
  match(busy.heard.text, /connection: close[^]*done$/);
});
