import { deepEqual, equal, match } from "node:assert/strict";
import type { Timer } from "../../../src/base/clock.ts";
import type { Log } from "../../../src/base/log.ts";
import { silentLog } from "../../../src/base/log.ts";
import { type MemberDomains, memberDomainsOf } from "../../../src/app/access/member_domains.ts";
import { RelayHost } from "../../../src/app/relay_host.ts";
import { loadSettings } from "../../../src/app/settings/load_settings.ts";
import type { SettingValue } from "../../../src/app/settings/setting.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { settle } from "../../kit/fake_relay.ts";
import { NamesServer } from "../../kit/names_server.ts";
import { newKey } from "../../kit/records.ts";
import { RelayClient } from "../../kit/relay_client.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

const REFRESH_MS = 600_000;

function settingsOf(over: Readonly<Record<string, SettingValue>> = {}) {
  return settingsWith(
    new Map<string, SettingValue>([
      ["access.member_domains", ["example.com"]],
      ["access.member_domain_max_bytes", 1_024],
      ["signatures.engine", "noble"],
      ["signatures.workers", 0],
      ...Object.entries(over),
    ]),
  );
}

/** A log of errors and of what was read. */
function keptLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string, fields?: object) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { log: { ...silentLog, error: keep, info: keep }, lines };
}

/** A clock that knows how often the next reading was scheduled, which is when one has ended. */
class ReadingClock extends FakeClock {
  readings = 0;

  override after(delayMs: number, callback: () => void): Timer {
    if (delayMs === REFRESH_MS) this.readings++;
    return super.after(delayMs, callback);
  }
}

/** Has the documents read again. The requests are real, so that takes a moment. */
async function readAgain(clock: ReadingClock): Promise<void> {
  const before = clock.readings;
  clock.advance(REFRESH_MS);
  while (clock.readings === before) await settle();
}

async function withDomains(
  work: (parts: {
    readonly server: NamesServer;
    readonly domains: MemberDomains;
    readonly clock: ReadingClock;
    readonly lines: readonly string[];
    readonly start: () => Promise<void>;
  }) => Promise<void>,
  over: Readonly<Record<string, SettingValue>> = {},
): Promise<void> {
  await using server = new NamesServer();
  const [clock, domains, { log, lines }] = [
    new ReadingClock(),
    memberDomainsOf(settingsOf(over))!,
    keptLog(),
  ];
  const start = () => domains.start({ clock, log, fetch: server.fetch });
  await work({ server, domains, clock, lines, start });
  domains.close();
  equal(clock.timerCount, 0);
}

Deno.test("whom a document lists are members, until one read later lists them no more", async () => {
  await withDomains(async ({ server, domains, clock, lines, start }) => {
    const [bob, carol] = [newKey(), newKey()];
    server.list(bob);
    equal(domains.isMember(bob), false);
    await start();
    deepEqual([bob, carol].map(domains.isMember), [true, false]);
    server.list(carol);
    await readAgain(clock);
    deepEqual([bob, carol].map(domains.isMember), [false, true]);
    server.list();
    await readAgain(clock);
    deepEqual([bob, carol].map(domains.isMember), [false, false]);
    deepEqual(
      lines,
      [1, 0].map((keys) =>
        `NIP-05 names of a domain read ${JSON.stringify({ domain: "example.com", keys })}`
      ),
    );
    deepEqual(new Set(server.asked), new Set(["https://example.com/.well-known/nostr.json"]));
  });
});

Deno.test("settings that change keep the members of domains that stay, until these are read again", async () => {
  await withDomains(async ({ server, domains, start }) => {
    const bob = newKey();
    server.list(bob);
    await start();
    const after = (...names: readonly string[]) =>
      memberDomainsOf(settingsOf({ "access.member_domains": names }), domains)!;
    equal(after("example.com", "other.example").isMember(bob), true);
    equal(after("other.example").isMember(bob), false);
  });
});

Deno.test("an answer that is no document leaves the list as it was, and is told once until one comes", async () => {
  const faults: readonly [string, () => Response, RegExp][] = [
    ["404", () => new Response("{}", { status: 404 }), /answers 404/],
    ["a page", () => new Response("<html>"), /is no document with names/],
    ["no UTF-8", () => new Response(new Uint8Array([0xff])), /is no document with names/],
    ["too long", () => new Response(" ".repeat(1_025)), /is longer than 1024 bytes/],
  ];
  await withDomains(async ({ server, domains, clock, lines, start }) => {
    const bob = newKey();
    server.list(bob);
    await start();
    for (const [what, answer, told] of faults) {
      const before = lines.length;
      server.answer = answer;
      await readAgain(clock);
      await readAgain(clock);
      equal(domains.isMember(bob), true, what);
      server.list(bob);
      await readAgain(clock);
      const [failed, worked, ...rest] = lines.slice(before);
      match(failed!, /^reading the names of example\.com fails/, what);
      match(failed!, told, what);
      match(worked!, /^reading the names of example\.com works again/, what);
      deepEqual(rest, [], what);
    }
  });
});

Deno.test("NIP-05: a redirect is not followed", async () => {
  await withDomains(async ({ server, domains, lines, start }) => {
    const bob = newKey();
    const paths: string[] = [];
    server.answer = ({ url }) => {
      paths.push(new URL(url).pathname);
      return paths.length === 1
        ? new Response(null, { status: 302, headers: { Location: "/names.json" } })
        : Response.json({ names: { bob } });
    };
    await start();
    deepEqual(paths, ["/.well-known/nostr.json"]);
    equal(domains.isMember(bob), false);
    match(lines[0]!, /answers 302/);
  });
});

Deno.test("a document that does not end is given up at the time-out, and a hanging one by close", async () => {
  await withDomains(async ({ server, domains, clock, lines, start }) => {
    const begun = Promise.withResolvers<void>();
    server.answer = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('{"names":'));
            begun.resolve();
          },
        }),
      );
    const started = start();
    await begun.promise;
    await settle();
    clock.advance(5_000);
    await started;
    match(lines[0]!, /no answer in 5000 ms/);
    clock.advance(REFRESH_MS);
    await settle();
    domains.close();
    while (clock.timerCount > 0) await settle();
    equal(lines.length, 1);
  });
});

Deno.test("several domains are read at once, and one that fails harms no other", async () => {
  await withDomains(async ({ server, domains, start }) => {
    const bob = newKey();
    server.answer = () =>
      server.asked.length === 2 && server.asked[0] === "https://a.example/.well-known/nostr.json"
        ? Response.json({ names: { bob } })
        : new Response(null, { status: 500 });
    await start();
    equal(server.asked.length, 2);
    equal(domains.isMember(bob), true);
  }, { "access.member_domains": ["a.example", "b.example:8443"] });
});

Deno.test("with writers = members, who has a name at the domain may write, for as long as they have it", async () => {
  await using server = new NamesServer();
  const random = new SeededRandom(1);
  const [bob, carol] = [new SchnorrSigner(random), new SchnorrSigner(random)];
  server.list(bob.pubkey);
  const clock = new ReadingClock();
  const host = await RelayHost.start({
    settings: settingsOf({ "access.writers": "members", "access.readers": "members" }),
    ...{ store: new MemoryStore(), clock, log: silentLog, fetch: server.fetch },
  });
  const url = await host.listen("127.0.0.1:0");
  const created_at = Math.floor(clock.nowMs() / 1_000);
  let made = 0;
  const publish = async (signer: SchnorrSigner) => {
    await using client = await RelayClient.connect(url);
    const note = { kind: 1, created_at, tags: [], content: `note ${made++}` };
    return (await client.publish(signer.sign(note)))!.reason;
  };
  equal(await publish(bob), "");
  match(await publish(carol), /^restricted: only members/);
  server.list(carol.pubkey);
  await readAgain(clock);
  equal(await publish(carol), "");
  match(await publish(bob), /^restricted: only members/);
  const closed = host.close();
  await settle();
  clock.advance(0);
  await closed;
});

Deno.test("a domain is a name with a dot, in lower case, and a port perhaps", () => {
  const isTaken = (domain: string) => {
    const text = `[access]\nmember_domains = ["${domain}"]`;
    return "settings" in loadSettings({ file: { path: "config.toml", text } });
  };
  const taken = ["example.com", "a-b.example.co.uk", "xn--bcher-kva.example", "a.example:8443"];
  const refused = [
    ...["", "localhost", "Example.com", "127.0.0.1", "[::1]", "example.com/", "https://a.example"],
    ...[
      "a.example:99999",
      "a..example",
      "-a.example",
      "user@a.example",
      "a.example?x",
      "a example.com",
    ],
  ];
  deepEqual(taken.filter((domain) => !isTaken(domain)), []);
  deepEqual(refused.filter(isTaken), []);
});

Deno.test("without domains nothing is read", () => {
  equal(memberDomainsOf(settingsWith(new Map())), undefined);
});
