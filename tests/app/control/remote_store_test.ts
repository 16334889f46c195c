import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { ControlClient } from "../../../src/app/control/control_client.ts";
import { ControlServer } from "../../../src/app/control/control_server.ts";
import { RemoteStore } from "../../../src/app/control/remote_store.ts";
import type { StoreClock } from "../../../src/store/store_clock.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import type { TidyStore } from "../../../src/store/write/upkeep.ts";
import { testEventStore } from "../../contract/event_store_contract.ts";
import { FEWER } from "../../contract/random_part.ts";
import { testSearchAndCount } from "../../contract/search_contract.ts";
import { testTidying } from "../../contract/tidying_contract.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { idsIn, recordOf, someEvent } from "../../kit/records.ts";

/** A store, and what a command sees of it. */
class Lent implements AsyncDisposable {
  readonly remote: RemoteStore;
  readonly path: string;
  readonly server: ControlServer;
  readonly #directory: string;

  constructor(directory: string, server: ControlServer) {
    this.#directory = directory;
    this.path = `${directory}/x.sock`;
    this.server = server;
    this.remote = new RemoteStore(new ControlClient(this.path));
  }

  static async of(store: TidyStore, onRulesChanged = () => Promise.resolve()): Promise<Lent> {
    const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
    const server = await ControlServer.open(`${directory}/x.sock`, { store, onRulesChanged });
    return new Lent(directory, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await RemoteStore.prototype.close.call(this.remote);
    await this.server.close();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** A store that is asked through a socket, but for its feed, which commands do not use. */
async function opened(inner: MemoryStore): Promise<TidyStore> {
  const lent = await Lent.of(inner);
  let closing: Promise<void> | undefined;
  const close = () => closing ??= lent[Symbol.asyncDispose]();
  return Object.assign(lent.remote, { feed: inner.feed, close });
}

const name = "memory, through a control socket";

testEventStore({
  name,
  place: () =>
    Promise.resolve({
      open: () => opened(new MemoryStore()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  keeps: false,
  shares: false,
  part: FEWER,
});

testSearchAndCount(name, () => opened(new MemoryStore()), FEWER);

testTidying(name, (clock: StoreClock) => opened(new MemoryStore(clock)));

Deno.test("the socket is its owner's alone, and gone when the relay stops", async () => {
  const lent = await Lent.of(new MemoryStore());
  const { mode, isSocket } = await Deno.lstat(lent.path);
  deepEqual([isSocket, (mode ?? 0) & 0o777], [true, 0o600]);
  await lent.server.close();
  await rejects(Deno.lstat(lent.path), Deno.errors.NotFound);
  await rejects(lent.remote.rules(), { name: "StoreUnavailable", message: /cannot be asked at/ });
  await lent.remote.close();
});

Deno.test("a socket that a killed relay left behind is replaced", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  const path = `${directory}/x.sock`;
  const script = `Deno.listen({ transport: "unix", path: ${
    JSON.stringify(path)
  } }); Deno.kill(Deno.pid, "SIGKILL")`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "null" }).output();
  ok((await Deno.lstat(path)).isSocket);
  const store = new MemoryStore();
  const options = { store, onRulesChanged: () => Promise.resolve() };
  const server = await ControlServer.open(path, options);
  const remote = new RemoteStore(new ControlClient(path));
  deepEqual(await remote.rules(), []);
  await remote.close();
  await server.close();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("what is no socket is left alone", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gallimimus-" });
  await Deno.writeTextFile(`${directory}/x.sock`, "mine");
  const options = { store: new MemoryStore(), onRulesChanged: () => Promise.resolve() };
  await rejects(ControlServer.open(`${directory}/x.sock`, options), /EADDRINUSE|in use/i);
  equal(await Deno.readTextFile(`${directory}/x.sock`), "mine");
  await Deno.remove(directory, { recursive: true });
});

Deno.test("rules that a command changes are read by the relay before the command goes on", async () => {
  let reads = 0;
  const store = new MemoryStore();
  await using lent = await Lent.of(store, () => Promise.resolve(void reads++));
  const rule = { list: "blocked-ip" as const, value: "::1", reason: "" };
  await lent.remote.changeRules([rule], { who: "test", atS: 0 });
  equal(reads, 1);
  await lent.remote.changeRules([{ ...rule, reason: undefined }], { who: "test", atS: 0 });
  equal(reads, 2);
  deepEqual(await store.rules(), []);
});

Deno.test("a command that stops reading ends the query in the relay", async () => {
  const ended = Promise.withResolvers<void>();
  let given = 0;
  const store = partialStore({
    async *query(_filters, options) {
      try {
        for (;; given++) {
          await options?.ready?.();
          options?.signal?.throwIfAborted();
          const json = new Uint8Array(100_000).fill(0x20);
          yield await Promise.resolve([{ seq: given, id: "", createdAt: 0, json }]);
        }
      } finally {
        ended.resolve();
      }
    },
  });
  await using lent = await Lent.of(store);
  for await (const [event] of lent.remote.query([{ tags: new Map() }])) if (event!.seq === 3) break;
  await ended.promise;
  // What fits into the buffers of the socket is read ahead, and no more.
  ok(given < 200, `${given}`);
});

for (const answered of ["nothing", "a part"]) {
  Deno.test(`a command that is told to stop when ${answered} was answered ends with that`, async () => {
    const stop = new AbortController();
    const ended = Promise.withResolvers<void>();
    const store = partialStore({
      async *query(_filters, options) {
        const aborted = new Promise((resolve) =>
          options?.signal?.addEventListener("abort", resolve)
        );
        if (answered === "a part") yield await Promise.resolve([]);
        else setTimeout(() => stop.abort(new Error("stopped")));
        await aborted;
        ended.resolve();
      },
    });
    await using lent = await Lent.of(store);
    const reading = async () => {
      const pages = lent.remote.query([{ tags: new Map() }], { signal: stop.signal });
      for await (const _page of pages) stop.abort(new Error("stopped"));
    };
    await rejects(reading(), { message: "stopped" });
    await ended.promise;
  });
}

Deno.test("what goes wrong in the relay is said by the command, before and within an answer", async () => {
  const store = partialStore({
    survey: () => Promise.reject(new Error("the disk is full")),
    async *identify() {
      yield await Promise.resolve([{ id: "a", createdAt: 1 }]);
      throw new Error("the database is away");
    },
  });
  await using lent = await Lent.of(store);
  const place = { createdAt: 1, id: "" };
  const expected = (message: string) => ({ name: "StoreUnavailable", message });
  await rejects(lent.remote.survey(place, 1), expected("the disk is full"));
  const seen: unknown[] = [];
  const reading = async () => {
    for await (const page of lent.remote.identify([{ tags: new Map() }])) seen.push(page);
  };
  await rejects(reading(), expected("the database is away"));
  deepEqual(seen, [[{ id: "a", createdAt: 1 }]]);
});

Deno.test("a relay that ends in the middle of an answer is told from one that has said all", async () => {
  const store = partialStore({
    async *identify() {
      for (let n = 0;; n++) {
        yield [{ id: `${n}`, createdAt: n }];
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  });
  const lent = await Lent.of(store);
  const reading = async () => {
    for await (const [first] of lent.remote.identify([{ tags: new Map() }])) {
      if (first!.createdAt === 5) await lent.server.close();
    }
  };
  await rejects(reading(), { name: "StoreUnavailable", message: /ended while it was asked/ });
  await lent.remote.close();
});

Deno.test("a command that is killed in the middle of its request harms nobody", async () => {
  await using lent = await Lent.of(new MemoryStore());
  for (const part of ["POST /rules HT", "POST /rules HTTP/1.1\r\ncontent-length: 100\r\n\r\n[1"]) {
    const connection = await Deno.connect({ transport: "unix", path: lent.path });
    await connection.write(new TextEncoder().encode(part));
    connection.close();
  }
  deepEqual(await lent.remote.rules(), []);
});

Deno.test("a command that has not sent its request does not keep the relay from stopping", async () => {
  const lent = await Lent.of(new MemoryStore());
  const connection = await Deno.connect({ transport: "unix", path: lent.path });
  await connection.write(new TextEncoder().encode("POST /rules HT"));
  await lent.remote.rules();
  await lent[Symbol.asyncDispose]();
  equal(await connection.read(new Uint8Array(1)).catch(() => null), null);
  connection.close();
});

Deno.test("no more is answered at once than there is room for, and the rest is told so", async () => {
  const hold = Promise.withResolvers<void>();
  const store = partialStore({ tableSizes: () => hold.promise.then(() => []) });
  await using lent = await Lent.of(store);
  const asked = Array.from({ length: 40 }, () => lent.remote.tableSizes());
  const busy = await Promise.any(asked.map((one) => one.then(() => Promise.reject(), (e) => e)));
  match(busy.message, /busy with other commands/);
  hold.resolve();
  const outcomes = await Promise.allSettled(asked);
  equal(outcomes.filter(({ status }) => status === "fulfilled").length, 32);
});

Deno.test("another version, another method and what is no request are refused", async () => {
  await using lent = await Lent.of(new MemoryStore());
  const ask = async (path: string, headers: OutgoingHttpHeaders, body = "[]") => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { socketPath: lent.path, method: "POST", path: `/${path}`, headers };
    request(options, resolve).on("error", reject).end(body);
    const response = await promise;
    return [response.statusCode, JSON.parse(await text(response)).error];
  };
  const { version } = await import("../../../src/app/version.ts");
  const ours = { "gallimimus-version": version };
  const [status, sentence] = await ask("rules", { "gallimimus-version": "0.0.0" });
  deepEqual([status, /is version .*, this command 0\.0\.0/.test(sentence)], [409, true]);
  deepEqual(await ask("close", ours), [404, "there is no method close"]);
  deepEqual(await ask("constructor", ours), [404, "there is no method constructor"]);
  equal((await ask("rules", ours, "{"))[0], 500);
  deepEqual(await ask("put", ours, '[[{"$bytes":"e30="}]]'), [400, "not all of these are events"]);
});

Deno.test("events of a large import and export go through", async () => {
  const store = new MemoryStore();
  await using lent = await Lent.of(store);
  const content = "x".repeat(20_000);
  const events = Array.from({ length: 500 }, (_, at) => someEvent({ created_at: at, content }));
  equal((await lent.remote.put(events.map(recordOf))).length, 500);
  const rows = (await Array.fromAsync(lent.remote.query([{ tags: new Map() }]))).flat();
  equal(rows.length, 500);
  deepEqual(rows[0]!.json, recordOf(events.at(-1)!).json);
  deepEqual(await idsIn(store, {}), rows.map(({ id }) => id));
});
