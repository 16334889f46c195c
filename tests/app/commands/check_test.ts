import { deepEqual, equal } from "node:assert/strict";
import { checkStore } from "../../../src/app/commands/check.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { eventJson } from "../../../src/nostr/event_json.ts";
import type { NostrEvent } from "../../../src/nostr/event.ts";
import type { AuditedEvent, TidyStore } from "../../../src/store/write/upkeep.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { partialStore } from "../../kit/partial_store.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";
import { SchnorrSigner } from "../../kit/signer.ts";

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
