import { deepEqual, equal, ok } from "node:assert/strict";
import type { SettingValue } from "../../../src/app/settings/setting.ts";
import { changeText, settingChanges } from "../../../src/app/settings/setting_changes.ts";
import {
  settingByName,
  settingRelations,
  type Settings,
  settingsWith,
} from "../../../src/app/settings/setting_list.ts";

function settingsOf(values: Readonly<Record<string, SettingValue>>): Settings {
  return settingsWith(new Map(Object.entries(values)));
}

const key = "ab".repeat(32);

/** Takes all that is not about the database. */
const isTaken = (name: string) => !name.startsWith("database.");

Deno.test("equal settings have no changes, and stay the same objects", () => {
  const running = settingsOf({ "access.banned_keys": [key] });
  const { settings, taken, needRestart } = settingChanges(
    running,
    settingsOf({ "access.banned_keys": [key] }),
  );
  deepEqual([taken, needRestart], [[], []]);
  for (const [section, values] of Object.entries(settings)) {
    ok(values === running[section as keyof Settings], `${section} is the same object`);
  }
});

Deno.test("a reloadable setting is taken, and one that is not keeps its value", () => {
  const running = settingsOf({ "relay.name": "a", "database.pool_size": 5 });
  const read = settingsOf({ "relay.name": "b", "database.pool_size": 6 });
  const { settings, taken, needRestart } = settingChanges(running, read, isTaken);
  deepEqual(taken, [{ name: "relay.name", from: "a", to: "b" }]);
  deepEqual(needRestart, [{ name: "database.pool_size", from: 5, to: 6 }]);
  deepEqual([settings.relay.name, settings.database.pool_size], ["b", 5]);
});

Deno.test("a setting that was taken back to its default is a change", () => {
  const { settings, taken } = settingChanges(
    settingsOf({ "relay.name": "a" }),
    settingsOf({}),
    isTaken,
  );
  deepEqual(taken, [{ name: "relay.name", from: "a", to: "Gallimimus" }]);
  equal(settings.relay.name, "Gallimimus");
});

Deno.test("a section without a taken change is the same object, and so is an equal list", () => {
  const running = settingsOf({ "access.banned_keys": [key], "relay.name": "a" });
  const read = settingsOf({
    "access.banned_keys": [key],
    "relay.name": "b",
    "access.banned_texts": ["x"],
    "database.pool_size": 6,
  });
  const { settings } = settingChanges(running, read, isTaken);
  ok(settings.limits === running.limits);
  ok(settings.database === running.database);
  ok(settings.access !== running.access);
  ok(settings.access.banned_keys === running.access.banned_keys);
});

Deno.test("tables are compared by what they say", () => {
  const mirrors = (direction: string) =>
    settingsOf({ "mirrors.relay": [{ url: "wss://relay.example", direction }] });
  const { settings, needRestart } = settingChanges(mirrors("up"), mirrors("up"), () => false);
  deepEqual(needRestart, []);
  const changes = settingChanges(settings, mirrors("both"), () => false);
  deepEqual(changes.needRestart.map(({ name }) => name), ["mirrors.relay"]);
});

Deno.test("unless the caller decides, the tables say what is taken", () => {
  const read = new Map(
    [...settingByName].flatMap(([name, setting]) =>
      setting.type === "integer" ? [[name, setting.default + 1] as const] : []
    ),
  );
  const { taken, needRestart } = settingChanges(settingsOf({}), settingsWith(read));
  equal(taken.length + needRestart.length, read.size);
  for (const { name } of taken) ok(settingByName.get(name)!.reloadable, name);
  for (const { name } of needRestart) ok(!settingByName.get(name)!.reloadable, name);
});

Deno.test("two settings that are bound by a relation are reloadable both or neither", () => {
  // Otherwise a valid file could leave a relay running with values that break the relation.
  for (const { larger, smaller } of settingRelations) {
    equal(
      settingByName.get(larger)?.reloadable,
      settingByName.get(smaller)?.reloadable,
      `${larger} and ${smaller}`,
    );
  }
});

Deno.test("a change is printed with its old and its new value", () => {
  equal(changeText({ name: "limits.max_limit", from: 500, to: 200 }), "500 → 200");
  equal(changeText({ name: "relay.name", from: "", to: "a b" }), '"" → "a b"');
  equal(changeText({ name: "access.members", from: [], to: ["x"] }), '[] → ["x"]');
});

Deno.test("secrets are not printed in a change", () => {
  const [old, changed] = ["1".repeat(64), "2".repeat(64)];
  equal(changeText({ name: "relay.secret_key", from: old, to: changed }), '"***" → "***"');
  equal(
    changeText({
      name: "database.url",
      from: "postgres://u:old@h/d",
      to: `postgres://u:${"n".repeat(200)}@h/d`,
    }),
    '"postgres://u:***@h/d" → "postgres://u:***@h/d"',
  );
});

Deno.test("of a long list only what was added and removed is printed, and of that the beginning", () => {
  const keys = Array.from({ length: 1_000 }, (_, at) => at.toString(16).padStart(64, "0"));
  const name = "access.banned_keys";
  equal(
    changeText({ name, from: keys, to: [...keys.slice(1), key] }),
    `1000 items → 1000 items, added "${key}", removed "${keys[0]}"`,
  );
  const text = changeText({ name, from: [], to: keys });
  ok(text.startsWith(`0 items → 1000 items, added "${keys[0]}" `) && text.length < 200, text);
});

Deno.test("a long text is cut", () => {
  const text = changeText({ name: "relay.description", from: "a", to: "b".repeat(1_000) });
  ok(text.startsWith('"a" → "bbb') && text.endsWith("b…") && text.length < 200, text);
});
