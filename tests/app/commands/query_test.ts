import { deepEqual, equal } from "node:assert/strict";
import { count, deleteEvents, query } from "../../../src/app/commands/query.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import { FakeCommand, KeptMemoryStore } from "../../kit/fake_command.ts";
import { idsIn, newKey, recordOf, someEvent } from "../../kit/records.ts";

const spammer = newKey();
const spam = Array.from(
  { length: 1_200 },
  (_, at) => someEvent({ pubkey: spammer, created_at: 1_000 + at }),
);
const notes = [20, 10].map((created_at) => someEvent({ created_at }));
const reaction = someEvent({ kind: 7, created_at: 15 });

/** A store with spam and a few good events. */
async function filled(): Promise<KeptMemoryStore> {
  const store = new KeptMemoryStore();
  await store.put([...spam, ...notes, reaction].map(recordOf));
  return store;
}

function commandOn(store: KeptMemoryStore): FakeCommand {
  return new FakeCommand({ openStore: () => Promise.resolve(store) });
}

Deno.test("query prints what matches any of the filters, newest first and each once", async () => {
  const fake = commandOn(await filled());
  const filters = ['{"kinds":[7]}', '[{"kinds":[1],"until":100},{"until":15}]'];
  equal(await query(fake.context, filters), exitCode.done);
  const expected = [notes[0]!, reaction, notes[1]!];
  equal(fake.stdout.text, expected.map((event) => `${eventJson(event)}\n`).join(""));
});

Deno.test("count says how many query would print, for people and for programs", async () => {
  const store = await filled();
  const asked: readonly [string[], { json?: boolean }, string][] = [
    [["{}"], {}, "1203\n"],
    [[`{"authors":["${spammer}"],"limit":1100}`], {}, "1100\n"],
    [['{"kinds":[7]}', '{"until":15}'], { json: true }, '{"count":2}\n'],
  ];
  for (const [filters, flags, text] of asked) {
    const fake = commandOn(store);
    equal(await count(fake.context, filters, flags), exitCode.done);
    equal(fake.stdout.text, text);
  }
});

Deno.test("delete says how many there are, and deletes them only when told to", async () => {
  const store = await filled();
  const filters = [`{"authors":["${spammer}"]}`];
  const dry = commandOn(store);
  equal(await deleteEvents(dry.context, filters, {}), exitCode.done);
  equal(dry.stdout.text, "1200 events would be deleted: add --yes to delete\n");
  equal((await idsIn(store, {})).length, 1_203);

  const wet = commandOn(store);
  equal(await deleteEvents(wet.context, filters, { yes: true }), exitCode.done);
  equal(wet.stdout.text, "deleted 1200 events\n");
  deepEqual(await idsIn(store, {}), [notes[0]!, reaction, notes[1]!].map(({ id }) => id));
  deepEqual(await store.put([spam[0]!].map(recordOf)), ["deleted"]);
});

Deno.test("delete keeps to the limit of a filter, and --forget lets events come again", async () => {
  const store = await filled();
  const { context, stdout } = commandOn(store);
  const filters = ['{"kinds":[1],"until":100,"limit":1}'];
  equal(await deleteEvents(context, filters, { yes: true, forget: true }), exitCode.done);
  equal(stdout.text, "deleted 1 event\n");
  deepEqual(await store.put([notes[0]!].map(recordOf)), ["stored"]);
});

Deno.test("what is banned is printed, counted and deleted as everything else", async () => {
  const store = await filled();
  const rule = { list: "banned-key" as const, value: spammer, reason: "spam" };
  await store.changeRules([rule], { who: "test", atS: 0 });
  const filters = [`{"authors":["${spammer}"]}`];
  const counting = commandOn(store);
  await count(counting.context, filters, {});
  equal(counting.stdout.text, "1200\n");
  const deleting = commandOn(store);
  await deleteEvents(deleting.context, filters, { yes: true });
  equal(deleting.stdout.text, "deleted 1200 events\n");
});

Deno.test("a filter that makes no sense is a misuse, and no store is opened", async () => {
  const commands = {
    query: (fake: FakeCommand) => query(fake.context, ['{"kind":1}']),
    count: (fake: FakeCommand) => count(fake.context, ['{"kind":1}'], {}),
    delete: (fake: FakeCommand) => deleteEvents(fake.context, ['{"kind":1}'], { yes: true }),
  };
  for (const [name, command] of Object.entries(commands)) {
    const fake = new FakeCommand({ openStore: () => Promise.reject(new Error("opened")) });
    equal(await command(fake), exitCode.misused);
    const fault = 'a filter has no element "kind", did you mean kinds?: {"kind":1}';
    equal(fake.stderr.text, `gallimimus: ${name}: ${fault}\n`);
  }
});

Deno.test("memory: keeps nothing to look at", async () => {
  const fake = new FakeCommand({ settings: settingsWith(new Map([["database.url", "memory:"]])) });
  equal(await query(fake.context, ["{}"]), exitCode.misused);
  equal(fake.stderr.text, "gallimimus: memory: keeps nothing: name the relay's database\n");
});

Deno.test("delete that is interrupted says what it did", async () => {
  const store = await filled();
  const fake = commandOn(store);
  const erase = store.erase.bind(store);
  store.erase = (erasure) => {
    fake.controller.abort();
    return erase(erasure);
  };
  equal(await deleteEvents(fake.context, ["{}"], { yes: true }), exitCode.interrupted);
  equal(fake.stdout.text, "deleted 500 events\n");
  equal((await idsIn(store, {})).length, 703);
});
