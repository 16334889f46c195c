import { deepEqual, equal } from "node:assert/strict";
import type { Log } from "../../../src/base/log.ts";
import { type LoadedSettings, loadSettings } from "../../../src/app/settings/load_settings.ts";
import { SettingReload, type SettingReloadOptions } from "../../../src/app/settings/reload.ts";
import { defaultSettings, type Settings } from "../../../src/app/settings/setting_list.ts";

/** A file whose text a test changes, and what came of it. */
class FakeRelay {
  text = "";
  readonly lines: string[] = [];
  /** The settings that were applied. */
  readonly applied: Settings[] = [];
  readonly reload: SettingReload;

  constructor(changes: Partial<SettingReloadOptions> = {}) {
    const say = (level: string) => (message: string, fields: object = {}) => {
      const told = Object.entries(fields).map(([name, value]) => ` ${name}: ${value}`);
      this.lines.push(`${level} ${message}${told.join(",")}`);
    };
    const log: Log = {
      debug: say("debug"),
      info: say("info"),
      warn: say("warn"),
      error: say("error"),
    };
    this.reload = new SettingReload({
      running: defaultSettings,
      load: () => Promise.resolve(this.load()),
      prepare: (settings) => Promise.resolve(() => void this.applied.push(settings)),
      applyLog: ({ level }) => void this.lines.push(`level ${level}`),
      log,
      ...changes,
    });
  }

  load(): LoadedSettings {
    return loadSettings({ file: { path: "relay.toml", text: this.text } });
  }
}

Deno.test("changes take effect and are logged in one line", async () => {
  const relay = new FakeRelay();
  relay.text = '[relay]\nname = "b"\n[limits]\nmax_filters = 3';
  await relay.reload.request("file");
  deepEqual(relay.lines, [
    'info settings changed relay.name: "Gallimimus" → "b", limits.max_filters: 50 → 3',
  ]);
  deepEqual([relay.applied.length, relay.reload.settings.relay.name], [1, "b"]);
});

Deno.test("that nothing has changed is logged after a signal only", async () => {
  const relay = new FakeRelay();
  await relay.reload.request("file");
  deepEqual(relay.lines, []);
  await relay.reload.request("signal");
  deepEqual(relay.lines, ["info settings reloaded, nothing has changed"]);
  equal(relay.applied.length, 0);
});

Deno.test("a file with problems changes nothing, and the log names the first of them", async () => {
  const relay = new FakeRelay();
  relay.text = '[relay]\nname = "b"\n[limits]\n' +
    Array.from({ length: 7 }, (_, at) => `wrong_${at} = 1`).join("\n");
  await relay.reload.request("file");
  equal(relay.applied.length, 0);
  equal(relay.lines.length, 1);
  const [line] = relay.lines;
  equal(line!.split("no such setting").length - 1, 5);
  equal(line!.endsWith("; and 2 more"), true, line);
  equal(line!.startsWith("error settings not reloaded, the previous ones remain in use"), true);
});

Deno.test("settings that cannot be prepared change nothing", async () => {
  let isUsable = false;
  const applied: string[] = [];
  const relay = new FakeRelay({
    prepare: ({ relay: { name } }) =>
      isUsable
        ? Promise.resolve(() => void applied.push(name))
        : Promise.reject(new TypeError("relay.name: not this one")),
  });
  relay.text = '[relay]\nname = "b"';
  await relay.reload.request("file");
  deepEqual(relay.lines, [
    "error settings not reloaded, the previous ones remain in use reason: relay.name: not this one",
  ]);
  equal(relay.reload.settings, defaultSettings);
  isUsable = true;
  await relay.reload.request("file");
  deepEqual(applied, ["b"]);
});

Deno.test("what needs a restart is named each time, and the rest takes effect", async () => {
  const relay = new FakeRelay();
  relay.text = '[relay]\nname = "b"\n[database]\npool_size = 5\ndata = "d"';
  const warning =
    'warn needs a restart: database.data, database.pool_size database.data: "./data" → "d", ' +
    "database.pool_size: 10 → 5";
  await relay.reload.request("file");
  deepEqual(relay.lines, [
    'info settings changed relay.name: "Gallimimus" → "b"',
    warning,
  ]);
  equal(relay.reload.settings.database.pool_size, 10);
  relay.lines.length = 0;
  await relay.reload.request("signal");
  deepEqual(relay.lines, [warning]);
});

Deno.test("what was logged at a signal is not logged again when the changed file is noticed", async () => {
  const relay = new FakeRelay();
  relay.text = "[database]\npool_size = 5";
  for (const cause of ["signal", "file", "file"] as const) await relay.reload.request(cause);
  equal(relay.lines.length, 1);
  relay.text = "[database]\npool_size = 6";
  await relay.reload.request("file");
  equal(relay.lines.length, 2);
  relay.text = "wrong = 1";
  for (const cause of ["signal", "file", "file"] as const) await relay.reload.request(cause);
  equal(relay.lines.length, 3);
  relay.text = "[database]\npool_size = 6";
  await relay.reload.request("file");
  relay.text = "wrong = 1";
  await relay.reload.request("file");
  equal(relay.lines.length, 4);
});

Deno.test("the relay may hold back what it cannot change just now", async () => {
  const relay = new FakeRelay({ heldBack: () => new Set(["relay.name"]) });
  relay.text = '[relay]\nname = "b"\ndescription = "c"';
  await relay.reload.request("file");
  equal(relay.reload.settings.relay.name, "Gallimimus");
  equal(relay.lines.at(-1), 'warn needs a restart: relay.name relay.name: "Gallimimus" → "b"');
});

Deno.test("the change of a level is logged under the level that shows more", async () => {
  const relay = new FakeRelay();
  relay.text = '[log]\nlevel = "error"';
  await relay.reload.request("file");
  deepEqual(relay.lines, ['info settings changed log.level: "info" → "error"', "level error"]);
  relay.lines.length = 0;
  relay.text = "";
  await relay.reload.request("file");
  deepEqual(relay.lines, ["level info", 'info settings changed log.level: "error" → "info"']);
});

Deno.test("requests during a reload are one more reload after it", async () => {
  const loads: ((loaded: LoadedSettings) => void)[] = [];
  const relay = new FakeRelay({ load: () => new Promise((resolve) => loads.push(resolve)) });
  const first = relay.reload.request("file");
  const others = [relay.reload.request("signal"), relay.reload.request("file")];
  equal(loads.length, 1);
  loads[0]!(relay.load());
  while (loads.length < 2) await Promise.resolve();
  relay.text = '[relay]\nname = "b"';
  loads[1]!(relay.load());
  await Promise.all([first, ...others]);
  equal(loads.length, 2);
  equal(relay.reload.settings.relay.name, "b");
});
