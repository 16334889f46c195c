/**
 * Settings that change while the real program runs.
 *
 * @module
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { npubEncode } from "nostr-tools/nip19";
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { managementBy } from "../kit/management_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { withTree } from "../kit/temporary_tree.ts";

const CHANGED = '"message":"settings changed"';
const REFUSED = "settings not reloaded";

/** A relay with a configuration file, and what changes it. */
interface Reloaded {
  readonly relay: RunningRelay;
  /** Replaces the file in one step. */
  rewrite(text: string): Promise<void>;
  remove(): Promise<void>;
  /** Replaces the file and sends SIGHUP; resolves with the line of the log that follows. */
  reload(text: string, logged?: string): Promise<Line>;
}

/** A line of the log. */
type Line = Readonly<Record<string, unknown>>;

async function withRelay(
  text: string,
  use: (reloaded: Reloaded) => Promise<void>,
  options: { readonly settings?: readonly string[] } = {},
): Promise<void> {
  await withTree({ "relay.toml": text }, async (root) => {
    const config = `${root}/relay.toml`;
    await using relay = await startRelay({ database: "memory:", config, ...options });
    const rewrite = async (changed: string) => {
      await Deno.writeTextFile(`${config}.new`, changed);
      await Deno.rename(`${config}.new`, config);
    };
    const reload = async (changed: string, logged = CHANGED) => {
      const before = relay.log.filter((line) => line.includes(logged)).length;
      await rewrite(changed);
      Deno.kill(relay.pid, "SIGHUP");
      return JSON.parse(await relay.logged(logged, before + 1));
    };
    await use({ relay, rewrite, remove: () => Deno.remove(config), reload });
    equal(await relay.stop(), 0);
  });
}

/** One connection, by messages. */
class Talk implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #heard: (readonly unknown[])[] = [];
  #wake: () => void = () => {};
  /** Resolves with the close code. */
  readonly closed: Promise<number>;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.closed = new Promise((resolve) => this.#socket.onclose = ({ code }) => resolve(code));
    this.#socket.onmessage = ({ data }) => {
      this.#heard.push(JSON.parse(data));
      this.#wake();
    };
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Resolves when the relay has sent its challenge. */
  async ready(): Promise<this> {
    await this.next("AUTH");
    return this;
  }

  /** Sends a message and gives the answer, whose first element is one of `verbs`. */
  ask(message: readonly unknown[], ...verbs: readonly string[]): Promise<readonly unknown[]> {
    this.#socket.send(JSON.stringify(message));
    return this.next(...verbs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  /** The oldest message that was not given yet and whose first element is one of `verbs`. */
  async next(...verbs: readonly string[]): Promise<readonly unknown[]> {
    for (;;) {
      const at = this.#heard.findIndex(([verb]) => verbs.includes(verb as string));
      if (at >= 0) return this.#heard.splice(at, 1)[0]!;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

async function information(relay: RunningRelay): Promise<Record<string, unknown>> {
  const headers = { accept: "application/nostr+json" };
  const response = await fetch(relay.url.replace(/^ws/, "http"), { headers });
  return await response.json();
}

Deno.test("SIGHUP drops no connection, and new limits hold for old ones", async () => {
  await withRelay("", async ({ relay, reload }) => {
    const crowd = Array.from({ length: 300 }, () => new Talk(relay.url));
    await Promise.all(crowd.map((talk) => talk.ready()));
    const old = crowd[0]!;
    for (const id of ["a", "b"]) equal((await old.ask(["REQ", id, {}], "EOSE"))[1], id);

    const line = await reload(`
      [relay]
      name = "Renamed"
      [limits]
      max_subscriptions = 2
      max_filters = 3
      max_message_bytes = 2000
      max_event_bytes = 1000
    `);
    equal(line["relay.name"], '"Gallimimus" → "Renamed"');
    equal(line["limits.max_subscriptions"], "100 → 2");
    equal(line["limits.max_message_bytes"], "524288 → 2000");
    equal(relay.log.filter((text) => text.includes(CHANGED)).length, 1);

    const { name, limitation } = await information(relay) as Record<string, Line>;
    deepEqual([name, limitation!.max_subscriptions], ["Renamed", 2]);

    equal(limitation!.max_message_length, 2_000);
    ok(crowd.every((talk) => talk.isOpen), "none is closed");
    deepEqual(await old.ask(["REQ", "c", {}], "EOSE", "CLOSED"), [
      "CLOSED",
      "c",
      "rate-limited: at most 2 subscriptions may be open",
    ]);
    const many = await crowd[2]!.ask(["REQ", "d", {}, {}, {}, {}], "EOSE", "CLOSED");
    equal(many[0], "CLOSED");

    const long = crowd[3]!;
    void long.ask(["REQ", "e", { authors: ["f".repeat(2_000)] }]);
    equal(await long.closed, 1009);

    await reload("[limits]\nmax_subscriptions = 3");
    equal((await old.ask(["REQ", "c", {}], "EOSE", "CLOSED"))[0], "EOSE");
    await Promise.all(crowd.map((talk) => talk[Symbol.asyncDispose]()));
  });
});

let published = 0;

/** The outcome of an event of kind 1 by `secret`. */
async function publish(talk: Talk, secret: Uint8Array): Promise<string> {
  const created_at = Math.floor(Date.now() / 1_000);
  const event = finalizeEvent({ kind: 1, created_at, tags: [], content: `${published++}` }, secret);
  const [, , accepted, why] = await talk.ask(["EVENT", event], "OK");
  return `${accepted} ${why}`;
}

Deno.test("who is banned, who is a member and who manages the relay changes with the file", async () => {
  const [alice, bob] = [generateSecretKey(), generateSecretKey()];
  const [aliceKey, bobKey] = [getPublicKey(alice), getPublicKey(bob)];
  const admin = `admins = ["${aliceKey}"]`;
  await withRelay(`[access]\n${admin}`, async ({ relay, reload }) => {
    await using talk = await new Talk(relay.url).ready();
    equal(await publish(talk, bob), "true ");
    equal((await talk.ask(["REQ", "a", { kinds: [1] }], "EOSE", "CLOSED"))[0], "EOSE");

    const banned = await reload(`[access]\n${admin}\nbanned_keys = ["${npubEncode(bobKey)}"]`);
    equal(banned["access.banned_keys"], `[] → ["${npubEncode(bobKey)}"]`);
    equal(await publish(talk, bob), "false blocked: this key is banned");
    equal(await publish(talk, alice), "true ");

    const preset = await reload(
      `[access]\npreset = "members"\nmembers = ["${bobKey}"]\nadmins = ["${bobKey}"]`,
    );
    equal(preset["access.writers"], '"anyone" → "members"');
    deepEqual(await talk.next("CLOSED"), [
      "CLOSED",
      "a",
      "auth-required: only authenticated clients may read",
    ]);
    equal(await publish(talk, bob), "true ");
    equal(await publish(talk, alice), "false restricted: only members may publish here");
    const { limitation } = await information(relay) as Record<string, Line>;
    deepEqual([limitation!.auth_required, limitation!.restricted_writes], [true, true]);

    ok(Array.isArray(await managementBy(bob)(relay.url, "supportedmethods")));
    await rejects(managementBy(alice)(relay.url, "supportedmethods"));
  });
});

Deno.test("a file that is wrong changes nothing, and the log says why", async () => {
  await withRelay('[relay]\nname = "a"', async ({ relay, reload }) => {
    const unknown = await reload('[relay]\nname = "b"\n[limits]\nmax_limits = 5', REFUSED);
    equal(unknown.level, "error");
    ok(
      `${unknown.reason}`.endsWith(
        "relay.toml:4: limits.max_limits: no such setting; did you mean limits.max_limit?",
      ),
      `${unknown.reason}`,
    );
    const broken = await reload('[relay\nname = "b"', REFUSED);
    ok(/relay\.toml:1:\d+: not TOML: /.test(`${broken.reason}`), `${broken.reason}`);
    const relation = await reload('[relay]\nname = "b"\n[limits]\nmax_limit = 5', REFUSED);
    ok(`${relation.reason}`.includes("limits.max_limit: found 5, expected at least"));
    equal((await information(relay)).name, "a");
    await reload('[relay]\nname = "b"');
    equal((await information(relay)).name, "b");
  });
});

Deno.test("what needs a restart is named, and the rest takes effect", async () => {
  await withRelay("", async ({ relay, reload }) => {
    const secret = "1".repeat(64);
    const line = await reload(
      `[relay]\nname = "b"\nsecret_key = "${secret}"\n[database]\npool_size = 5`,
      "needs a restart",
    );
    equal(line.message, "needs a restart: relay.secret_key, database.pool_size");
    deepEqual([line.level, line["database.pool_size"]], ["warn", "10 → 5"]);
    equal((await information(relay)).name, "b");
    ok(!relay.log.some((text) => text.includes(secret)), "the secret is not in the log");
  });
});

Deno.test("a changed file is noticed without a signal, and one that is gone changes nothing", async () => {
  await withRelay('[relay]\nname = "a"', async ({ relay, rewrite, remove }) => {
    await rewrite('[relay]\nname = "b"');
    equal(JSON.parse(await relay.logged(CHANGED))["relay.name"], '"a" → "b"');
    equal((await information(relay)).name, "b");
    Deno.kill(relay.pid, "SIGHUP");
    await relay.logged("nothing has changed");
    await remove();
    const { reason } = JSON.parse(await relay.logged(REFUSED));
    ok(reason.endsWith("relay.toml: no such file"), reason);
    equal((await information(relay)).name, "b");
  });
});

Deno.test("the level of the log changes, and comes back", async () => {
  await withRelay("", async ({ relay, reload }) => {
    ok(!relay.log.some((line) => line.includes('"level":"debug"')));
    await reload('[log]\nlevel = "debug"');
    await (await new Talk(relay.url).ready())[Symbol.asyncDispose]();
    await relay.logged("connection ended");
    equal((await reload("#"))["log.level"], '"debug" → "info"');
  });
});

Deno.test("the level of one part and what the log says of addresses change while it runs", async () => {
  await withRelay("", async ({ relay, reload }) => {
    const end = async () => {
      await using talk = new Talk(relay.url);
      await talk.ready();
    };
    const ended = (count: number) => relay.logged("connection ended", count);
    await end();
    equal(JSON.parse(await ended(1)).address, "127.0.0.1");
    await reload('[log]\naddresses = "network"');
    await end();
    const line = JSON.parse(await ended(2));
    equal(line.address, "127.0.0.0/24");
    equal(line.part, "net");
    await reload('[log]\naddresses = "none"\nparts = ["net=error"]');
    await end();
    await reload('[log]\nlevel = "error"\naddresses = "none"\nparts = ["net=info"]');
    await end();
    ok(!("address" in JSON.parse(await ended(3))), "the one before had no line");
  });
});

Deno.test("flags stay stronger than the file", async () => {
  await withRelay("", async ({ relay, reload }) => {
    const line = await reload('[relay]\nname = "b"\ncontact = "mailto:a@b.example"');
    deepEqual(Object.keys(line).filter((key) => key.includes(".")), ["relay.contact"]);
    equal((await information(relay)).name, "flag");
  }, { settings: ["relay.name=flag"] });
});
