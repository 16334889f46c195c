import { deepEqual, equal, ok } from "node:assert/strict";
import { Command } from "../../../src/app/command_line/commander.ts";
import { defineCommands, runCommandLine } from "../../../src/app/command_line/command_line.ts";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import {
  type SettingOptions,
  WITHOUT_SETTINGS,
} from "../../../src/app/command_line/setting_options.ts";
import { KeptOutput } from "../../kit/fake_command.ts";

/** What a command line led to. */
async function outcomeOf(...args: readonly string[]) {
  const streams = { stdout: new KeptOutput(), stderr: new KeptOutput() };
  const started: SettingOptions[] = [];
  const code = await runCommandLine(args, {
    streams,
    run(options) {
      started.push(options);
      return Promise.resolve(exitCode.failed);
    },
  });
  return { code, stdout: streams.stdout.text, stderr: streams.stderr.text, started };
}

Deno.test("keygen needs no settings, so that wrong ones do not keep it from its work", async () => {
  equal((await outcomeOf("keygen")).started[0], WITHOUT_SETTINGS);
});

const commands = [
  ["serve"],
  ["import", "-"],
  ["export"],
  ["query", "{}"],
  ["count", "{}"],
  ["delete", "{}"],
  ["stats"],
  ["top"],
  ["check"],
  ["config", "check"],
  ["info"],
  ["ban", "npub1x"],
  ["unban", "npub1x"],
  ["allow", "npub1x"],
  ["disallow", "npub1x"],
  ["list"],
  ["reports"],
  ["audit"],
];

for (const command of commands) {
  const name = command.join(" ");

  Deno.test(`${name}: the exit code is that of its work`, async () => {
    const { code, started } = await outcomeOf(...command);
    equal(code, exitCode.failed);
    equal(started.length, 1);
  });

  Deno.test(`${name}: --help explains it and does nothing`, async () => {
    const { code, stdout, stderr, started } = await outcomeOf(...command, "--help");
    equal(code, exitCode.done);
    ok(stdout.startsWith("Usage: gallimimus "), stdout);
    ok(stdout.includes("--config <file>"));
    deepEqual([stderr, started], ["", []]);
  });

  Deno.test(`${name}: takes settings`, async () => {
    const options = ["--config", "a.toml", "--data", "d", "--database", "memory:"];
    const { started } = await outcomeOf(...command, ...options, "--set", "log.level=warn");
    const { config, data, database, set } = started[0]!;
    deepEqual({ config, data, database }, { config: "a.toml", data: "d", database: "memory:" });
    deepEqual(set, [{ flag: "--set", name: "log.level", text: "warn" }]);
  });

  Deno.test(`${name}: an unknown option is a misuse`, async () => {
    const { code, stderr, started } = await outcomeOf(...command, "--databse", "x");
    equal(code, exitCode.misused);
    ok(stderr.includes("unknown option '--databse'"), stderr);
    ok(stderr.includes("Did you mean --database?"), stderr);
    deepEqual(started, []);
  });
}

const misuses: readonly [string, readonly string[], string][] = [
  ["no command", [], "Usage: gallimimus"],
  ["an unknown command", ["serv"], "unknown command 'serv'"],
  ["an unknown command of two words", ["config", "chek"], "unknown command 'chek'"],
  ["half a command", ["config"], "Usage: gallimimus config"],
  ["an argument too many", ["serve", "now"], "too many arguments"],
  ["an argument too few", ["import"], "missing required argument 'file'"],
  ["an option without its value", ["serve", "--data"], "argument missing"],
  ["an assignment without =", ["serve", "--set", "x"], "Expected section.key=value"],
  ["a time that is none", ["export", "--since", "now"], "Expected seconds since 1970"],
  ["a day that is none", ["import", "-", "--until", "2026-02-99"], "Expected seconds since 1970"],
  ["a time of another relay that is none", ["stream", "ws://x", "--since", "now"], "2026-01-31"],
  ["a relay in place of a file", ["import", "wss://x.example"], "sync wss://x.example --dir down"],
  ["kinds that are no numbers", ["export", "--kinds", "1,a"], "Expected a whole number"],
  ["a filter that is no JSON", ["export", "--filter", "{"], "Expected a JSON object"],
  ["a filter that is no object", ["export", "--filter", "[]"], "Expected a JSON object"],
];

for (const [what, args, hint] of misuses) {
  Deno.test(`${what} is a misuse, explained on standard error`, async () => {
    const { code, stdout, stderr, started } = await outcomeOf(...args);
    equal(code, exitCode.misused);
    ok(stderr.includes(hint), stderr);
    deepEqual([stdout, started], ["", []]);
  });
}

for (const command of ["sync", "download", "upload", "stream"]) {
  Deno.test(`${command}: what is no URL of a relay is a misuse, with what one is`, async () => {
    const wrong = await outcomeOf(command, "https://relay.example");
    equal(wrong.code, exitCode.misused);
    ok(wrong.stderr.includes("Expected ws://HOST or wss://HOST."), wrong.stderr);
    equal((await outcomeOf(command, "wss://relay.example")).started.length, 1);
  });
}

Deno.test("--version is the version and nothing else", async () => {
  const { code, stdout } = await outcomeOf("--version");
  equal(code, exitCode.done);
  ok(/^\d+\.\d+\.\d+\n$/.test(stdout), stdout);
});

Deno.test("--help names every command", async () => {
  const { code, stdout } = await outcomeOf("--help");
  equal(code, exitCode.done);
  for (const [name] of commands) ok(stdout.includes(`\n  ${name} `), name);
});

Deno.test("every command is found by its own name, without most of the others", async () => {
  const named = async (name?: string) => {
    const program = new Command();
    await defineCommands(program, () => Promise.resolve(), name);
    return program.commands.map((command) => command.name());
  };
  const all = await named();
  for (const name of all) {
    const found = await named(name);
    ok(found.includes(name) && found.length < all.length / 2, name);
  }
});
