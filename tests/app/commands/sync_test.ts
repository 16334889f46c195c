import { deepEqual, equal, match, ok } from "node:assert/strict";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { sync, type SyncFlags } from "../../../src/app/commands/sync.ts";
import { systemClock } from "../../../src/app/system/system_clock.ts";
import type { Clock } from "../../../src/base/clock.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import { publicKeyOf } from "../../../src/signatures/signature_noble.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { OtherRelay, type OtherRelayHabits } from "../../kit/other_relay.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

const author = new SchnorrSigner(new SeededRandom(31));

function note(at: number, changes: Partial<NostrEvent> = {}): NostrEvent {
  const draft = { created_at: 1_700_000_000 + at, kind: 1, tags: [], content: `note ${at}` };
  return author.sign({ ...draft, ...changes });
}

const FLAGS: SyncFlags = {
  ...{ dir: "both", filter: {}, frameSize: 60_000, private: false, dryRun: false },
};

/** A second is 20 ms. */
const hurriedClock: Clock = {
  ...systemClock,
  monotonicMs: () => systemClock.monotonicMs() * 50,
  after: (delayMs, callback) => systemClock.after(delayMs / 50, callback),
};

/** Can be read after the command has closed it. */
class KeptStore extends MemoryStore {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Runs the command on a store that holds `here`. */
async function run(
  other: OtherRelay,
  { here = [], flags = {}, environment = {}, isTerminal = false }: {
    readonly isTerminal?: boolean;
    readonly here?: readonly NostrEvent[];
    readonly flags?: Partial<SyncFlags>;
    readonly environment?: Record<string, string>;
  },
) {
  const store = new KeptStore();
  const openStore = () => Promise.resolve(store);
  const command = new FakeCommand({ clock: hurriedClock, environment, openStore });
  command.stderr.isTerminal = isTerminal;
  await store.put(here.map(recordOf));
  const code = await sync(command.context, other.url, { ...FLAGS, ...flags });
  const ids: string[] = [];
  for await (const rows of store.query([{ tags: new Map() }])) {
    ids.push(...rows.map(({ id }) => id));
  }
  return { code, out: command.stdout.text, err: command.stderr.text, ids: new Set(ids) };
}

const idsOf = (events: Iterable<NostrEvent>) => new Set([...events].map(({ id }) => id));

for (const negentropy of ["notice", "error", "silence"] as const) {
  Deno.test(`a relay that meets NEG-OPEN with ${negentropy} is read page by page`, async () => {
    // Many share a second, and a page ends within one.
    const all = Array.from({ length: 260 }, (_, at) =>
      note(Math.floor(at / 25), {
        content: `${at}`,
      }));
    const here = all.filter((_, at) => at % 3 !== 0);
    const there = all.filter((_, at) => at % 3 !== 1);
    await using other = new OtherRelay({ negentropy, maxLimit: 60 }, there);
    const { code, out, err, ids } = await run(other, { here });
    equal(code, exitCode.done, err);
    match(err, /does not reconcile \(.+\): all that it has is read/);
    deepEqual(ids, idsOf(all));
    deepEqual(idsOf(other.events.values()), idsOf(all));
    equal(
      out,
      "missing here 87, missing there 87\n" +
        "fetched: stored 87, duplicate 0, superseded 0, deleted 0\nsent: accepted 87\n",
    );
  });
}

Deno.test("NEG-20 a relay that reconciles with the engine of NDK has the same afterwards", async () => {
  const all = Array.from({ length: 1_200 }, (_, at) =>
    note(Math.floor(at / 3), {
      content: `${at}`,
    }));
  const here = all.filter((_, at) => at % 5 !== 0);
  const there = all.filter((_, at) => at % 5 === 0 || at % 7 !== 0);
  await using other = new OtherRelay({ negentropy: "reconciles", maxLimit: 60 }, there);
  const { code, err, ids } = await run(other, { here, flags: { frameSize: 4_096 } });
  deepEqual([code, err], [exitCode.done, ""]);
  deepEqual([ids, idsOf(other.events.values())], [idsOf(all), idsOf(all)]);
  ok(other.heard["NEG-MSG"]! > 1, "it took several messages");
});

Deno.test("a dry run counts, and one way leaves the other side as it is", async () => {
  const [one, two, three] = [note(1), note(2), note(3)];
  await using other = new OtherRelay({}, [one, two]);
  const here = [two, three];
  const dry = await run(other, { here, flags: { dryRun: true } });
  deepEqual([dry.out, dry.ids], ["missing here 1, missing there 1\n", idsOf(here)]);
  equal(other.heard["EVENT"], undefined);
  const down = await run(other, { here, flags: { dir: "down" } });
  deepEqual([down.ids, other.events.size], [idsOf([one, two, three]), 2]);
  const up = await run(other, { here, flags: { dir: "up" } });
  deepEqual([up.ids, other.events.size], [idsOf(here), 3]);
});

Deno.test("since, until and the filter say what is compared", async () => {
  const all = [1, 2, 3, 4].map((at) => note(at)).concat(note(2, { kind: 7, content: "+" }));
  await using other = new OtherRelay({}, all);
  const flags = { since: 1_700_000_002, until: 1_700_000_003, filter: { kinds: [1] } };
  const { ids } = await run(other, { flags });
  deepEqual(ids, idsOf([all[1]!, all[2]!]));
  const limited = await run(other, { flags: { filter: { limit: 5 } } });
  equal(limited.code, exitCode.misused);
  match(limited.err, /a filter with a limit cannot be compared/);
});

Deno.test("after being told to slow down it waits and tries again", async () => {
  const all = [1, 2, 3, 4, 5].map((at) => note(at));
  await using other = new OtherRelay({ rateLimited: 2 }, all.slice(0, 3));
  const { code, err, ids } = await run(other, { here: all.slice(2) });
  equal(code, exitCode.done, err);
  match(err, /rate-limited: waiting \d\.\d s/);
  deepEqual([ids, idsOf(other.events.values())], [idsOf(all), idsOf(all)]);
});

Deno.test("NIP-42: it authenticates with a key of the environment or of a file, if it has one", async () => {
  const secret = "0b".repeat(32);
  const pubkey = publicKeyOf(Uint8Array.fromHex(secret));
  const theirs = note(1);
  const habits: OtherRelayHabits = { needsAuth: true };
  await using stranger = new OtherRelay(habits, [theirs]);
  const refused = await run(stranger, {});
  equal(refused.code, exitCode.failed);
  match(refused.err, /auth-required: who are you\?/);

  await using known = new OtherRelay(habits, [theirs]);
  const environment = { NOSTR_SECRET_KEY: secret };
  const { code, ids } = await run(known, { here: [note(2)], environment });
  deepEqual([code, ids.size, known.events.size], [exitCode.done, 2, 2]);
  deepEqual(known.keys, new Set([pubkey]));

  const file = await Deno.makeTempFile();
  try {
    await using other = new OtherRelay(habits, [theirs]);
    await Deno.writeTextFile(file, `${secret}\n`);
    equal((await run(other, { flags: { authKeyFile: file } })).ids.size, 1);
    await Deno.writeTextFile(file, "no key");
    const broken = await run(other, { flags: { authKeyFile: file } });
    equal(broken.code, exitCode.misused);
    match(broken.err, /holds no secret key/);
    ok(!broken.err.includes("no key\n"));
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("what either side refuses is counted by reason, and protected events stay", async () => {
  const forged = { ...note(1), content: "not what was signed" };
  const good = note(2);
  const here = [3, 4, 5].map((at) => note(at)).concat(note(6, { kind: 7 }));
  const own = note(7, { tags: [["-"]] });
  await using other = new OtherRelay({
    refuses: ({ kind }) => kind === 1 ? "blocked: no notes" : undefined,
  }, [forged, good]);
  const { out, ids } = await run(other, { here: [...here, own] });
  equal(
    out,
    "missing here 2, missing there 5\n" +
      "fetched: stored 1, duplicate 0, superseded 0, deleted 0\n" +
      "  refused 1: invalid: id is not the hash of the event\n" +
      "sent: accepted 1\n  refused 3: blocked: no notes\n  refused 1: protected, not sent\n",
  );
  ok(ids.has(good.id));
  equal(other.events.has(own.id), false);
});

Deno.test("private events are neither named nor sent, unless asked for", async () => {
  const secret = note(1, { kind: 4, tags: [["p", author.pubkey]] });
  await using other = new OtherRelay({}, []);
  const without = await run(other, { here: [secret] });
  match(without.out, /missing here 0, missing there 0/);
  equal(other.events.size, 0);
  await run(other, { here: [secret], flags: { private: true } });
  equal(other.events.size, 1);
});

Deno.test("a terminal shows how much is done, how fast, and how long the rest takes", async () => {
  const all = Array.from({ length: 300 }, (_, at) => note(at));
  await using other = new OtherRelay({}, all.slice(0, 150));
  const { err, out } = await run(other, { here: all.slice(100), isTerminal: true });
  // deno-lint-ignore no-control-regex -- each line replaces the one before it
  match(err, /\r\x1b\[Kfetched \d+ of \d+, sent \d+ of \d+, \d+\/s, \d+ s left\r/);
  ok(err.endsWith("\r\x1b[K"), "the line is gone at the end");
  match(out, /^missing here 100, missing there 150\n/);
});
