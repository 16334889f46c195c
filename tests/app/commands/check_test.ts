import { deepEqual, equal } from "node:assert/strict";
import { checkStore } from "../../../src/app/commands/check.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import type { AuditedEvent, TidyStore } from "../../../src/store/write/upkeep.ts";
import { openPostgres } from "../../../src/store/database/postgres.ts";
import { openStoreOn } from "../../kit/database.ts";
import { testOnEachServer } from "../../kit/each_server.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { idsIn, recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

const onEachServer = testOnEachServer();
const signer = new SchnorrSigner(new SeededRandom(1));

function note(content: string): NostrEvent {
  return signer.sign({ kind: 1, created_at: 1, tags: [], content });
}

function audited(event: NostrEvent, faults: readonly string[] = []): AuditedEvent {
  return { id: event.id, json: utf8(eventJson(event)), faults };
}

const sound = note("sound");
const forged = { ...note("forged"), sig: sound.sig };
const altered = { ...note("before"), content: "after" };

/** A store that finds these events on two pages. */
function storeOf(events: readonly AuditedEvent[], strayTags = 0): TidyStore {
  return partialStore({
    audit: (from) =>
      Promise.resolve(
        from === 0
          ? { events: events.slice(0, 2), strayTags: 0, next: 2 }
          : { events: events.slice(2), strayTags, next: undefined },
      ),
  });
}

async function outcomeOf(store: TidyStore, flags: Parameters<typeof checkStore>[1]) {
  const { context, stdout } = new FakeCommand({ openStore: () => Promise.resolve(store) });
  return { code: await checkStore(context, flags), text: stdout.text };
}

Deno.test("a sound store is said to be so", async () => {
  const store = storeOf([sound, note("b"), note("c")].map((event) => audited(event)));
  deepEqual(await outcomeOf(store, { verify: true }), {
    code: exitCode.done,
    text: "checked 3 events, nothing is wrong\n",
  });
});

Deno.test("whatever is wrong is counted and named, and the command fails", async () => {
  const broken = { id: "f".repeat(64), json: utf8("{}"), faults: [] };
  const bent = audited(note("bent"), ["kind", "tags"]);
  const store = storeOf(
    [sound, forged, altered].map((event) => audited(event)).concat(broken, bent),
    3,
  );
  const { code, text } = await outcomeOf(store, { verify: true });
  equal(code, exitCode.failed);
  const [first, ...rest] = text.trimEnd().split("\n");
  equal(first, "checked 5 events, this is wrong:");
  deepEqual(
    rest.join("\n").split(/\n(?=\S)/).toSorted(),
    [
      `column kind: 1\n  ${bent.id}`,
      `column tags: 1\n  ${bent.id}`,
      `not an event: 1\n  ${broken.id}`,
      "tags of no event: 3",
      `wrong id: 1\n  ${altered.id}`,
      `wrong signature: 1\n  ${forged.id}`,
    ],
  );
});

Deno.test("signatures may be taken on trust, and programs get JSON", async () => {
  const forgeries = Array.from({ length: 7 }, () => altered);
  const store = storeOf([forged, ...forgeries].map((event) => audited(event)));
  const { code, text } = await outcomeOf(store, { verify: false, json: true });
  equal(code, exitCode.failed);
  deepEqual(JSON.parse(text), {
    checked: 8,
    faults: { "wrong id": { count: 7, examples: Array.from({ length: 5 }, () => altered.id) } },
  });
});

Deno.test("what is wrong is repaired one by one", async () => {
  let atOnce = 0;
  let most = 0;
  const rewritten: string[] = [];
  const bent = Array.from({ length: 40 }, (_, at) => audited(note(`bent ${at}`), ["kind"]));
  const store = partialStore({
    audit: () => Promise.resolve({ events: bent, strayTags: 0, next: undefined }),
    async rewrite(id) {
      most = Math.max(most, ++atOnce);
      await Promise.resolve();
      rewritten.push(id);
      atOnce--;
      return "stored";
    },
  });
  const { code } = await outcomeOf(store, { verify: true, repair: true });
  deepEqual([code, most], [exitCode.done, 1]);
  deepEqual(rewritten.toSorted(), bent.map(({ id }) => id).toSorted());
});

onEachServer("what is wrong is repaired, and what cannot be is deleted", async (server) => {
  const url = await server.freshDatabase();
  const tags = [["t", "x"]];
  const make = (kind: number, content: string) =>
    signer.sign({ kind, created_at: 5, tags: [...tags, ["d", content]], content });
  const [bent, bare, fine, article] = [
    make(1, "bent"),
    make(1, "bare"),
    make(1, "fine"),
    make(30_023, "article"),
  ];
  const [broken, other] = [make(1, "broken"), make(1, "other")];
  const database = openPostgres(url);
  const store = await openStoreOn(database);
  await store.put([bent, bare, fine, article, broken, other, altered, forged].map(recordOf));
  const of = ({ id }: NostrEvent) => `where id = decode('${id}', 'hex')`;
  await database.script(`
    update events set kind = 9, created_at = 1 ${of(bent)};
    delete from tags where event = (select key from events ${of(bare)});
    update events set slot = head ${of(article)};
    update events set raw = 'no event' ${of(broken)};
    update events set id = decode(repeat('0f', 32), 'hex') ${of(other)};
    insert into tags select event + 1000, created_at, tag, head, author, kind, pubkey from tags;
  `);
  await store.close();
  const run = async (flags: { readonly repair?: boolean }) => {
    const openStore = () => openStoreOn(openPostgres(url));
    const { context, stdout } = new FakeCommand({ openStore });
    const code = await checkStore(context, { verify: true, json: true, ...flags });
    const { checked, faults } = JSON.parse(stdout.text);
    return { code, checked, faults: Object.keys(faults).toSorted() };
  };
  const wrong = await run({});
  equal(wrong.code, exitCode.failed);
  deepEqual(await run({ repair: true }), { ...wrong, code: exitCode.done });
  deepEqual(await run({}), { code: exitCode.done, checked: 5, faults: [] });
  const again = await openStoreOn(openPostgres(url));
  const left = [bent, bare, fine, article, other].map(({ id }) => id).toSorted();
  deepEqual((await idsIn(again, { tags: new Map([["t", new Set(["x"])]]) })).toSorted(), left);
  // What was deleted may come again as it should be.
  deepEqual(await again.put([broken].map(recordOf)), ["stored"]);
  await again.close();
});
