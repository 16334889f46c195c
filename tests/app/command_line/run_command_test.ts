import { deepEqual, equal, ok } from "node:assert/strict";
import type { CommandContext } from "../../../src/app/command_line/command_context.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { type Host, runCommand } from "../../../src/app/command_line/run_command.ts";
import type { ReadText } from "../../../src/app/command_line/setting_source.ts";
import type { SettingOptions } from "../../../src/app/command_line/setting_options.ts";
import { assert } from "../../../src/base/assert.ts";
import { StoreUnavailable } from "../../../src/store/event_store.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

/** A process in which `files` are the only files. */
function pretendHost(files: Readonly<Record<string, ReadText>> = {}) {
  const { context, stderr } = new FakeCommand();
  const logLines: string[] = [];
  const host: Host = {
    streams: context.streams,
    clock: context.clock,
    random: context.random,
    environment: {},
    readText: (path) => Promise.resolve(files[path] ?? { missing: true }),
    writeLogLine: (line) => logLines.push(line),
    openStore: () => context.openStore(),
    exit() {},
  };
  return { host, stderr, logLines };
}

/** Runs a command that does nothing, and what it would have done it with. */
async function contextOf(host: Host, options: SettingOptions = {}) {
  const contexts: CommandContext[] = [];
  const code = await runCommand(host, options, (context) => {
    contexts.push(context);
    return Promise.resolve(exitCode.done);
  });
  return { code, context: contexts[0] };
}

Deno.test("config.toml is read when it is there", async () => {
  const { host } = pretendHost({ "config.toml": { text: '[relay]\nname = "a"' } });
  equal((await contextOf(host)).context?.settings.relay.name, "a");
});

Deno.test("without a config.toml the defaults hold", async () => {
  const { code, context } = await contextOf(pretendHost().host);
  equal(code, exitCode.done);
  equal(context?.settings.relay.name, "Gallimimus");
});

Deno.test("--config reads another file, which must be there", async () => {
  const { host, stderr } = pretendHost({ "other.toml": { text: '[relay]\nname = "b"' } });
  equal((await contextOf(host, { config: "other.toml" })).context?.settings.relay.name, "b");
  equal((await contextOf(host, { config: "gone.toml" })).code, exitCode.misused);
  equal(stderr.text, "gallimimus: gone.toml: no such file\n");
});

Deno.test("a file that cannot be read is not passed over", async () => {
  const { host, stderr } = pretendHost({ "config.toml": { fault: "permission denied" } });
  equal((await contextOf(host)).code, exitCode.misused);
  equal(stderr.text, "gallimimus: config.toml: permission denied\n");
});

Deno.test("the environment and the options count", async () => {
  const { host } = pretendHost();
  const environment = { GALLIMIMUS_RELAY__NAME: "a", DATABASE_URL: "memory:" };
  const { context } = await contextOf({ ...host, environment }, { data: "/srv" });
  const { relay, database } = context!.settings;
  deepEqual([relay.name, database.url, database.data], ["a", "memory:", "/srv"]);
});

Deno.test("wrong settings are all told, and nothing is started", async () => {
  const { host, stderr } = pretendHost({ "config.toml": { text: "[log]\nlevle = 1\nlevel = 2" } });
  const { code, context } = await contextOf(host);
  equal(code, exitCode.misused);
  equal(context, undefined);
  equal(
    stderr.text,
    "gallimimus: config.toml:2: log.levle: no such setting; did you mean log.level?\n" +
      'gallimimus: config.toml:3: log.level: found 2, expected "debug" or "info" or "warn" or "error"\n',
  );
});

Deno.test("the log has the level and the form that the settings say", async () => {
  const { host, logLines } = pretendHost();
  const set = [{ flag: "--set", name: "log.level", text: "warn" }];
  await runCommand(host, { set }, ({ log }) => {
    log.info("quiet");
    log.warn("loud", { times: 2 });
    return Promise.resolve(exitCode.done);
  });
  equal(logLines.length, 1);
  const { level, message, times } = JSON.parse(logLines[0]!);
  deepEqual({ level, message, times }, { level: "warn", message: "loud", times: 2 });
});

const failures: readonly [string, () => void, RegExp][] = [
  [
    "a database that is away",
    () => {
      throw new StoreUnavailable("connection refused");
    },
    /^gallimimus: database: connection refused\n$/,
  ],
  [
    "a system that refuses",
    () => {
      throw new Deno.errors.AddrInUse("address in use");
    },
    /^gallimimus: address in use\n$/,
  ],
  [
    "a system that refuses through node's interface",
    () => {
      throw Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE" });
    },
    /^gallimimus: listen EADDRINUSE\n$/,
  ],
  [
    "a broken invariant, with the place where it broke",
    () => assert(false, "one is one"),
    /one is one[^]*run_command_test\.ts/,
  ],
];

for (const [what, fail, line] of failures) {
  Deno.test(`${what} is told on standard error and fails the command`, async () => {
    const { host, stderr } = pretendHost();
    const code = await runCommand(host, {}, () => {
      fail();
      return Promise.resolve(exitCode.done);
    });
    equal(code, exitCode.failed);
    ok(line.test(stderr.text), stderr.text);
  });
}

Deno.test("the store that is opened is that of the settings, unless another is named", async () => {
  const { host } = pretendHost();
  const opened: unknown[] = [];
  const noting: Host = {
    ...host,
    openStore({ database }, log, options) {
      opened.push([database.url, options]);
      return host.openStore({} as never, log, options);
    },
  };
  const { context } = await contextOf(noting, { database: "pglite:a" });
  await context!.openStore();
  await context!.openStore("pglite:b", { isAlone: true });
  await context!.openStore(undefined, { mustExist: true });
  deepEqual(opened, [
    ["pglite:a", {}],
    ["pglite:b", { isAlone: true }],
    ["pglite:a", { mustExist: true }],
  ]);
});
