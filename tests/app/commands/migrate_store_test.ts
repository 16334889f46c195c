import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Command } from "../../../src/app/command_line/commander.ts";
import { defineMigrateStore, migrateStore } from "../../../src/app/commands/migrate_store.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { MemoryStore } from "../../../src/store/memory.ts";
import { generateEvents } from "../../kit/event_generator.ts";
import { FakeCommand } from "../../kit/fake_command.ts";
import { recordOf } from "../../kit/records.ts";
import { SeededRandom } from "../../kit/seeded_random.ts";

const urls = { from: "pglite:./old", to: "postgres://new" };

/** A command with two stores, of which the first has events. */
async function prepared() {
  const stores: Readonly<Record<string, MemoryStore>> = {
    [urls.from]: new MemoryStore(),
    [urls.to]: new MemoryStore(),
  };
  const events = generateEvents(new SeededRandom(1), 600);
  await stores[urls.from]!.put(
    events.map(recordOf),
  );
  const opened: (string | undefined)[] = [];
  const fake = new FakeCommand({
    openStore: (url) => {
      opened.push(url);
      return Promise.resolve(stores[url ?? ""]!);
    },
  });
  return { fake, opened, stores };
}

Deno.test("everything is copied, and said so", async () => {
  const { fake, opened } = await prepared();
  equal(await migrateStore(fake.context, urls), exitCode.done);
  match(fake.stdout.text, /^stored \d+, duplicate 0, superseded 0, deleted 0\n$/);
  deepEqual(opened, [urls.from, urls.to]);
  equal(fake.stderr.text, "");
});

Deno.test("the operator's rules are copied too", async () => {
  const { fake, stores } = await prepared();
  const rule = { list: "blocked-ip", value: "192.0.2.1", reason: "noise" } as const;
  await stores[urls.from]!.changeRules([rule], { who: "admin", atS: 1 });
  await migrateStore(fake.context, urls);
  deepEqual(await stores[urls.to]!.rules(), [rule]);
  equal((await stores[urls.to]!.ruleLog(1))[0]!.who, "migrate-store");
});

Deno.test("a person sees how far it is", async () => {
  const { fake } = await prepared();
  fake.stderr.isTerminal = true;
  await migrateStore(fake.context, urls);
  match(fake.stderr.text, /stored \d+, .*, back to \d{4}-\d\d-\d\d\r/);
  ok(fake.stderr.text.endsWith("\r\x1b[K"), "the line is gone at the end");
});

Deno.test("whoever is told to stop says so by the exit code", async () => {
  const { fake } = await prepared();
  fake.controller.abort();
  equal(await migrateStore(fake.context, urls), exitCode.interrupted);
});

Deno.test("a database is not copied to itself", async () => {
  const { fake, opened } = await prepared();
  const same = { from: urls.from, to: urls.from };
  equal(await migrateStore(fake.context, same), exitCode.misused);
  match(fake.stderr.text, /both databases are the same/);
  const twice = { from: "managed:data/postgres", to: `managed:${Deno.cwd()}/data/postgres/` };
  equal(await migrateStore(fake.context, twice), exitCode.misused);
  deepEqual(opened, []);
});

for (const url of ["memory:", "./data", "pglite:", "mysql://db"]) {
  Deno.test(`${url} is no database to copy`, () => {
    const program = new Command().exitOverride().configureOutput({ writeErr() {} });
    defineMigrateStore(program, () => Promise.resolve());
    program.commands[0]!.exitOverride().configureOutput({ writeErr() {} });
    let code = "";
    try {
      program.parse(["migrate-store", url, urls.to], { from: "user" });
    } catch (error) {
      code = error instanceof Error && "code" in error ? String(error.code) : "";
    }
    equal(code, "commander.invalidArgument");
  });
}
