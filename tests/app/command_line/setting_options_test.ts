import { deepEqual, throws } from "node:assert/strict";
import { Command } from "../../../src/app/command_line/commander.ts";
import type { SettingFlag } from "../../../src/app/settings/load_settings.ts";
import {
  settingFlags,
  withListenOption,
  withSettingOptions,
} from "../../../src/app/command_line/setting_options.ts";

/** The settings that `args` say. */
function flagsOf(...args: readonly string[]): readonly SettingFlag[] {
  const command = new Command().exitOverride().configureOutput({ writeErr() {} });
  withSettingOptions(withListenOption(command)).parse([...args], { from: "user" });
  return settingFlags(command.opts());
}

Deno.test("each option is a flag for its setting", () => {
  deepEqual(flagsOf("--data", "/srv", "--database", "memory:"), [
    { flag: "--data", name: "database.data", text: "/srv" },
    { flag: "--database", name: "database.url", text: "memory:" },
  ]);
});

Deno.test("--listen may be repeated and is one list", () => {
  deepEqual(flagsOf("--listen", "a:1", "--listen", "unix:/b"), [
    { flag: "--listen", name: "network.listen", text: "a:1,unix:/b" },
  ]);
});

Deno.test("--set may be repeated, keeps what follows the first =, and comes last", () => {
  deepEqual(flagsOf("--set", "relay.name=a=b", "--set", "relay.icon=", "--data", "/srv"), [
    { flag: "--data", name: "database.data", text: "/srv" },
    { flag: "--set", name: "relay.name", text: "a=b" },
    { flag: "--set", name: "relay.icon", text: "" },
  ]);
});

Deno.test("nothing said is no flags", () => deepEqual(flagsOf(), []));

for (const assignment of ["relay.name", "=a", ""]) {
  Deno.test(`--set "${assignment}" is refused`, () => {
    throws(() => flagsOf("--set", assignment), /Expected section\.key=value/);
  });
}
