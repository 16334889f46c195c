import { equal, match, rejects } from "node:assert/strict";
import { reindexStore } from "../../../src/app/commands/reindex.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { settingsWith } from "../../../src/app/settings/setting_list.ts";
import type { QueryOptions } from "../../../src/store/event_store.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

const settings = settingsWith(new Map([["search.enabled", true]]));

/** Has three steps to go, and fails or is told to stop where the test says. */
class StepStore extends MemoryStore {
  atStep: (step: number) => void = () => {};
  closed = false;

  override async *reindex({ signal }: QueryOptions = {}): AsyncIterable<number> {
    for (const step of [1, 2, 3]) {
      this.atStep(step);
      signal?.throwIfAborted();
      yield await Promise.resolve(10);
    }
  }

  override close(): Promise<void> {
    this.closed = true;
    return super.close();
  }
}

function command(): FakeCommand & { readonly store: StepStore } {
  const store = new StepStore();
  const fake = new FakeCommand({ settings, openStore: () => Promise.resolve(store) });
  return Object.assign(fake, { store });
}

Deno.test("says how many events it made searchable", async () => {
  const { context, stdout, stderr, store } = command();
  equal(await reindexStore(context), exitCode.done);
  equal(stdout.text, "made 30 events searchable\n");
  equal(stderr.text, "");
  equal(store.closed, true);
});

Deno.test("shows a person how far it is, four times a second, and removes that at the end", async () => {
  const { context, stderr, store, clock } = command();
  stderr.isTerminal = true;
  store.atStep = (step) => clock.advance(step === 2 ? 249 : 250);
  await reindexStore(context);
  equal(stderr.text, "\r\x1b[K10 events\r\r\x1b[K30 events\r\r\x1b[K");
});

Deno.test("a signal ends it between two steps, and what was done is done", async () => {
  const { context, stdout, store, controller } = command();
  store.atStep = (step) => step === 3 && controller.abort();
  equal(await reindexStore(context), exitCode.interrupted);
  equal(stdout.text, "made 20 events searchable\n");
  equal(store.closed, true);
});

Deno.test("a database that fails is a failure, and is closed", async () => {
  const { context, store } = command();
  store.atStep = () => {
    throw new Error("away");
  };
  await rejects(reindexStore(context), { message: "away" });
  equal(store.closed, true);
});

Deno.test("where search is off, it says so and does nothing", async () => {
  const { context, stderr } = new FakeCommand();
  equal(await reindexStore(context), exitCode.misused);
  match(stderr.text, /search\.enabled/);
});
