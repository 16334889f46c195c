import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { DraftDirectory } from "../../../src/app/backup/draft_directory.ts";
import { backUp } from "../../../src/app/commands/backup.ts";
import { restore, type RestoreFlags } from "../../../src/app/commands/restore.ts";
import { type ExitCode, exitCode } from "../../../src/app/command_line/exit_code.ts";
import { sha256OfText } from "../../../src/app/system/sha256.ts";
import { eventId } from "../../../src/nostr/event_id.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { newKey, recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { StatefulStore } from "../../kit/stateful_store.ts";
import type { StoredEvent } from "../../../src/store/event_store.ts";

const records = generateEvents(new SeededRandom(1), 60, { signed: true }).map(recordOf);

/** A directory for backups, `backup` in it, and two stores of which the first has something of each. */
class Place implements AsyncDisposable {
  readonly source = new StatefulStore();
  readonly target = new StatefulStore();
  readonly path: string;
  readonly parent: string;

  /** Use {@link make}. */
  constructor(parent: string) {
    this.parent = parent;
    this.path = `${parent}/backup`;
  }

  static async make(): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "gallimimus-" }));
    const { source } = place;
    await source.put(records);
    source.tombstones.push({ ids: [{ id: newKey(), pubkey: newKey() }] });
    const rule = { list: "banned-kind", value: "7", reason: "noise" } as const;
    await source.changeRules([rule], { who: "admin", atS: 5 });
    return place;
  }

  /** A command on one of the stores, with the data directory `data`. */
  command(store: StatefulStore | MemoryStore): FakeCommand {
    const fake = new FakeCommand({ openStore: () => Promise.resolve(store) });
    const settings = settingsWith(
      new Map([["database.data", `${this.parent}/data`], ["signatures.engine", "noble"]]),
    );
    Object.assign(fake.context, { settings });
    return fake;
  }

  async backUp(): Promise<FakeCommand> {
    const fake = this.command(this.source);
    equal(await backUp(fake.context, this.path, {}), exitCode.done);
    return fake;
  }

  /** Whether there is one, by its files. */
  async files(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.path))).map(({ name }) => name).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.parent, { recursive: true });
  }
}

/** Runs `restore` and gives its exit code and what it said. */
async function restored(
  place: Place,
  flags: Partial<RestoreFlags> = {},
): Promise<{ readonly code: ExitCode; readonly stdout: string; readonly stderr: string }> {
  const fake = place.command(place.target);
  const code = await restore(fake.context, place.path, { verify: true, check: true, ...flags });
  return { code, stdout: fake.stdout.text, stderr: fake.stderr.text };
}

Deno.test("a backup has all, and is its owner's alone", async () => {
  await using place = await Place.make();
  await Deno.mkdir(`${place.parent}/data`);
  await Deno.writeTextFile(`${place.parent}/data/relay.key`, `${"1".repeat(64)}\n`);
  const fake = await place.backUp();
  const { events } = await place.source.size();
  equal(
    fake.stdout.text,
    `backed up ${events} events, 1 tombstones and 1 rules to ${place.path}\n` +
      `it has all that was acknowledged before ${new Date(fake.clock.nowMs()).toISOString()}\n`,
  );
  const names = await place.files();
  deepEqual(names, [
    ...["events.jsonl.gz", "manifest.json", "relay.key", "rule_log.jsonl", "rules.jsonl"],
    "tombstones.jsonl.gz",
  ]);
  equal((await Deno.stat(place.path)).mode! & 0o777, 0o700);
  for (const name of names) equal((await Deno.stat(`${place.path}/${name}`)).mode! & 0o777, 0o600);
});

Deno.test("what was backed up is restored, and checked", async () => {
  await using place = await Place.make();
  await place.backUp();
  const { events } = await place.source.size();
  const { code, stdout } = await restored(place);
  equal(
    stdout,
    `restored ${place.path}: events stored ${events}, duplicate 0, superseded 0, deleted 0; ` +
      "1 tombstones, 1 rules, 1 changes of rules\n" +
      `checked ${events} events, nothing is wrong\n`,
  );
  equal(code, exitCode.done);
  deepEqual(await place.target.rules(), await place.source.rules());
  deepEqual(
    place.target.tombstones.flatMap(({ ids = [] }) => ids),
    place.source.tombstones[0]!.ids,
  );
  deepEqual(await bodies(place.target), await bodies(place.source));
});

Deno.test("an event with a wrong signature is not stored, unless signatures are taken on trust", async () => {
  await using place = await Place.make();
  const [record] = records;
  const forged = { ...record!.event, kind: 1, content: "forged" };
  const event = { ...forged, id: eventId(forged, { hashText: sha256OfText }) };
  await place.source.put([recordOf(event)]);
  await place.backUp();
  const { code, stdout } = await restored(place);
  equal(code, exitCode.failed);
  match(stdout, /^refused 1: invalid: .*signature.*\n.*--merge --no-verify/m);
  const isThere = async () => (await bodies(place.target)).some((text) => text.includes(event.id));
  equal(await isThere(), false);
  const trusting = await restored(place, { verify: false, merge: true });
  equal(trusting.code, exitCode.done, trusting.stdout);
  equal(await isThere(), true);
});

Deno.test("both say what they did as JSON", async () => {
  await using place = await Place.make();
  const fake = place.command(place.source);
  equal(await backUp(fake.context, place.path, { json: true }), exitCode.done);
  const report = JSON.parse(fake.stdout.text);
  const { events } = await place.source.size();
  deepEqual(report.counts, { events, tombstones: 1, rules: 1, changes: 1 });
  const { stdout } = await restored(place, { json: true });
  deepEqual(JSON.parse(stdout), {
    events: { stored: events, duplicate: 0, superseded: 0, deleted: 0, refused: {} },
    ...{ removed: 0, tombstones: 1, rules: 1, changes: 1, key: "none" },
    check: { checked: events, faults: {} },
  });
});

Deno.test("what holds something is not restored into, unless told to", async () => {
  await using place = await Place.make();
  await place.backUp();
  await place.target.put(records.slice(0, 1));
  const { code, stderr } = await restored(place);
  equal(code, exitCode.failed);
  match(stderr, /the database is not empty: name an empty one, or --merge /);
  equal((await place.target.size()).events, 1);
  equal((await restored(place, { merge: true })).code, exitCode.done);
  match((await restored(place, { merge: true })).stdout, /events stored 0, .* 0 rules, 0 changes/);
  deepEqual(await bodies(place.target), await bodies(place.source));
});

for (const name of ["events.jsonl.gz", "rules.jsonl"]) {
  Deno.test(`nothing is written when a byte of ${name} is another one`, async () => {
    await using place = await Place.make();
    await place.backUp();
    const path = `${place.path}/${name}`;
    const bytes = await Deno.readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(path, bytes);
    const { code, stderr } = await restored(place);
    equal(code, exitCode.failed);
    equal(
      stderr,
      `gallimimus: restore: ${path} is not as it was written: its checksum differs\n`,
    );
    ok(await place.target.state.isEmpty());
  });
}

/** What is wrong with a backup by what was done to it. */
const BROKEN: Readonly<Record<string, (path: string) => Promise<RegExp>>> = {
  "has no manifest": async (path) => {
    await Deno.remove(`${path}/manifest.json`);
    return /holds no complete backup: there is no .*manifest\.json/;
  },
  "lacks a file": async (path) => {
    await Deno.remove(`${path}/rules.jsonl`);
    return /rules\.jsonl cannot be read: no such file or directory/;
  },
  "is of a later format": async (path) => {
    await change(path, '"version": 1', '"version": 2');
    return /is of a newer format: restore it with version \S+ or newer/;
  },
  "is of a later format and names no program": async (path) => {
    await change(path, '"version": 1', '"version": 2');
    await change(path, '"program"', '"writer"');
    return /is of a newer format: restore it with the version that wrote it/;
  },
  "names a file elsewhere": async (path) => {
    await change(path, '"rules.jsonl"', '"../data/x"');
    return /names no files, or others/;
  },
  "was cut off": async (path) => {
    await Deno.truncate(`${path}/manifest.json`, 100);
    return /manifest\.json is not one of a backup/;
  },
};

async function change(path: string, from: string, to: string): Promise<void> {
  const file = `${path}/manifest.json`;
  await Deno.writeTextFile(file, (await Deno.readTextFile(file)).replace(from, to));
}

for (const [what, damage] of Object.entries(BROKEN)) {
  Deno.test(`a backup that ${what} is refused with a sentence`, async () => {
    await using place = await Place.make();
    await place.backUp();
    const sentence = await damage(place.path);
    const { code, stderr } = await restored(place);
    equal(code, exitCode.failed);
    match(stderr, sentence);
    ok(await place.target.state.isEmpty());
  });
}

Deno.test("a line of another program is refused with its number and its file", async () => {
  await using place = await Place.make();
  place.source.tombstones.push({ ids: [{ id: "no id", pubkey: newKey() }] });
  await place.backUp();
  const { code, stderr } = await restored(place);
  equal(code, exitCode.failed);
  match(stderr, /restore: line 2 of tombstones\.jsonl\.gz is not what a backup has there/);
});

Deno.test("a line that no event can have is not held in memory, whatever its checksum", async () => {
  await using place = await Place.make();
  await place.backUp();
  const file = `${place.path}/events.jsonl.gz`;
  const before = await Deno.readFile(file);
  const after = gzipSync(new Uint8Array(135_000_000), { level: 1 });
  await Deno.writeFile(file, after);
  const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  await change(place.path, hashOf(before), hashOf(after));
  await change(place.path, `"bytes": ${before.length}`, `"bytes": ${after.length}`);
  const { code, stdout } = await restored(place);
  equal(code, exitCode.failed);
  match(stdout, /refused 1: invalid: line is longer than 134217728 bytes/);
});

Deno.test("a file that cannot be written is named", async () => {
  await using place = await Place.make();
  const draft = await DraftDirectory.make(place.path);
  ok(!("fault" in draft));
  await Deno.mkdir(`${place.path}.part/rules.jsonl`);
  const why = { name: "UnusableBackup", message: /\.part\/rules\.jsonl cannot be written: / };
  await rejects(draft.write("rules.jsonl", ReadableStream.from([])), why);
  await Deno.remove(`${place.path}.part/rules.jsonl`);
  await draft.discard();
});

Deno.test("a file of events is no backup, and a directory is not made in one that is not there", async () => {
  await using place = await Place.make();
  await Deno.writeTextFile(place.path, "{}\n");
  match((await restored(place)).stderr, /is a file: a backup is a directory, and import takes/);
  await Deno.remove(place.path);
  const fake = place.command(place.source);
  equal(await backUp(fake.context, "", {}), exitCode.failed);
  match(fake.stderr.text, /backup: no directory is named/);
  equal(await backUp(fake.context, `${place.path}/deeper`, {}), exitCode.failed);
  match(fake.stderr.text, /deeper\.part cannot be made: the directory that it belongs in does not/);
});

Deno.test("a directory that exists is left alone", async () => {
  await using place = await Place.make();
  await Deno.mkdir(place.path);
  const fake = place.command(place.source);
  equal(await backUp(fake.context, `${place.path}/`, {}), exitCode.failed);
  match(fake.stderr.text, /backup: .*\/backup exists already: name another directory/);
  deepEqual(await place.files(), []);
});

Deno.test("whoever is told to stop leaves no backup and no draft", async () => {
  await using place = await Place.make();
  const fake = place.command(place.source);
  place.source.state.events = async function* (): AsyncGenerator<readonly StoredEvent[]> {
    yield await Promise.resolve([]);
    fake.controller.abort();
    fake.controller.signal.throwIfAborted();
  };
  equal(await backUp(fake.context, place.path, {}), exitCode.interrupted);
  equal(fake.stderr.text, `gallimimus: interrupted: there is no ${place.path}\n`);
  deepEqual(await Array.fromAsync(Deno.readDir(place.parent)), []);
});

Deno.test("a draft that a killed process left is replaced, one that is being written is not", async () => {
  await using place = await Place.make();
  const draft = `${place.path}.part`;
  await Deno.mkdir(draft, { mode: 0o700 });
  await Deno.writeTextFile(`${draft}/events.jsonl.gz`, "half");
  const lock = await Deno.open(`${draft}/lock`, { write: true, create: true });
  await lock.lock(true);
  const fake = place.command(place.source);
  equal(await backUp(fake.context, place.path, {}), exitCode.failed);
  match(fake.stderr.text, /another backup is being written to .*\.part/);
  lock.close();
  await place.backUp();
  equal((await restored(place)).code, exitCode.done);
});

Deno.test("a draft that others may write to, or that is something else, is left alone", async () => {
  await using place = await Place.make();
  const draft = `${place.path}.part`;
  await Deno.mkdir(draft);
  await Deno.chmod(draft, 0o777);
  const refused = async () => {
    const fake = place.command(place.source);
    equal(await backUp(fake.context, place.path, {}), exitCode.failed);
    match(fake.stderr.text, /\.part holds something else: remove it/);
  };
  await refused();
  await Deno.chmod(draft, 0o700);
  await Deno.writeTextFile(`${draft}/mine.txt`, "");
  await refused();
  await Deno.remove(draft, { recursive: true });
  await Deno.symlink(place.parent, draft);
  await refused();
});

Deno.test("memory: has no backup, and a sentence says so", async () => {
  await using place = await Place.make();
  const fake = place.command(new MemoryStore());
  const settings = settingsWith(new Map([["database.url", "memory:"]]));
  Object.assign(fake.context, { settings });
  equal(await backUp(fake.context, place.path, {}), exitCode.misused);
  match(fake.stderr.text, /memory: keeps nothing: name the relay's database/);
});

Deno.test("the relay's own key is put in its place, and never over another", async () => {
  await using place = await Place.make();
  const data = `${place.parent}/data`;
  const keep = async (digit: string) => {
    await Deno.mkdir(data, { recursive: true });
    await Deno.writeTextFile(`${data}/relay.key`, `${digit.repeat(64)}\n`);
  };
  await keep("1");
  await place.backUp();
  await Deno.remove(data, { recursive: true });
  match((await restored(place)).stdout, /the relay's own key is in place/);
  equal(await Deno.readTextFile(`${data}/relay.key`), `${"1".repeat(64)}\n`);
  equal((await Deno.stat(`${data}/relay.key`)).mode! & 0o777, 0o600);
  await keep("2");
  match((await restored(place, { merge: true })).stdout, /the relay has another key, which stays/);
  equal(await Deno.readTextFile(`${data}/relay.key`), `${"2".repeat(64)}\n`);
});

async function bodies(store: StatefulStore): Promise<readonly string[]> {
  const pages = await Array.fromAsync(store.state.events());
  return pages.flat().map(({ json }) => new TextDecoder().decode(json));
}
