import { deepEqual, equal, ok } from "node:assert/strict";
import {
  loadSettings,
  problemLine,
  type SettingFlag,
  type SettingSources,
} from "../../../src/app/settings/load_settings.ts";
import { expectedValue } from "../../../src/app/settings/setting.ts";
import {
  defaultSettings,
  settingByName,
  type Settings,
  settingValues,
} from "../../../src/app/settings/setting_list.ts";

function settingsOf(sources: SettingSources): Settings {
  const loaded = loadSettings(sources);
  ok("settings" in loaded, JSON.stringify(loaded));
  return loaded.settings;
}

function problemsOf(sources: SettingSources): readonly string[] {
  const loaded = loadSettings(sources);
  ok("problems" in loaded, "there are problems");
  return loaded.problems.map(problemLine);
}

function file(text: string): SettingSources {
  return { file: { path: "config.toml", text } };
}

function set(name: string, text: string): SettingFlag {
  return { flag: "--set", name, text };
}

Deno.test("nothing said means the defaults", () => {
  deepEqual(settingsOf({}), defaultSettings);
  deepEqual(settingsOf(file("")), defaultSettings);
});

Deno.test("default, file, environment, flag: each overrides the ones before", () => {
  const sources: SettingSources = {
    file: {
      path: "config.toml",
      text: '[relay]\nname = "file"\ndescription = "file"\nurl = "ws://file"\n',
    },
    environment: { GALLIMIMUS_RELAY__DESCRIPTION: "environment", GALLIMIMUS_RELAY__URL: "ws://e" },
    flags: [set("relay.url", "ws://flag")],
  };
  const { relay } = settingsOf(sources);
  equal(relay.name, "file");
  equal(relay.description, "environment");
  equal(relay.url, "ws://flag");
  equal(relay.icon, "");
});

Deno.test("where each value was said is remembered, the strongest source last", () => {
  const loaded = loadSettings({
    file: { path: "config.toml", text: '[relay]\nname = "a"\nurl = "ws://a"\n' },
    environment: { GALLIMIMUS_LOG__LEVEL: "warn" },
    flags: [set("relay.url", "ws://b")],
  });
  ok("origins" in loaded);
  deepEqual(Object.fromEntries(loaded.origins), {
    "relay.name": "config.toml:2",
    "relay.url": "--set",
    "log.level": "environment GALLIMIMUS_LOG__LEVEL",
  });
});

Deno.test("of two flags for one setting the last wins", () => {
  const flags = [set("log.level", "warn"), set("log.level", "error")];
  equal(settingsOf({ flags }).log.level, "error");
});

Deno.test("DATABASE_URL names the database, the relay's own variable overrules it", () => {
  const environment = { DATABASE_URL: "postgres://a/b" };
  equal(settingsOf({ environment }).database.url, "postgres://a/b");
  const both = { GALLIMIMUS_DATABASE__URL: "memory:", ...environment };
  equal(settingsOf({ environment: both }).database.url, "memory:");
});

Deno.test("an empty DATABASE_URL is as good as none", () => {
  equal(settingsOf({ environment: { DATABASE_URL: "" } }).database.url, "");
});

Deno.test("variables of other programs are left alone", () => {
  deepEqual(settingsOf({ environment: { HOME: "/", GALLI: "1", PGHOST: "x" } }), defaultSettings);
});

Deno.test("dotted keys and inline tables are as good as sections", () => {
  equal(settingsOf(file('log.level = "warn"')).log.level, "warn");
  equal(settingsOf(file('log = { level = "warn" }')).log.level, "warn");
});

Deno.test("a list is a list in TOML and commas elsewhere", () => {
  const listen = ["127.0.0.1:1", "[::1]:2", "unix:/run/relay.sock"];
  deepEqual(
    settingsOf(file(`[network]\nlisten = ${JSON.stringify(listen)}`)).network.listen,
    listen,
  );
  const environment = { GALLIMIMUS_NETWORK__LISTEN: listen.join(",") };
  deepEqual(settingsOf({ environment }).network.listen, listen);
});

const golden: readonly [string, SettingSources, readonly string[]][] = [
  [
    "a key with a typing error",
    file("[limits]\n\nmax_mesage_bytes = 5\n"),
    ["config.toml:3: limits.max_mesage_bytes: no such setting; did you mean limits.max_message_bytes?"],
  ],
  [
    "a key whose unit was forgotten",
    file("[network]\nping_interval = 300\n"),
    ["config.toml:2: network.ping_interval: no such setting; did you mean network.ping_interval_s?"],
  ],
  [
    "a key in the wrong section",
    file("[relay]\nmax_limit = 5\n"),
    ["config.toml:2: relay.max_limit: no such setting; did you mean limits.max_limit?"],
  ],
  [
    "a key like no other",
    file("[relay]\nfeathers = true\n"),
    ["config.toml:2: relay.feathers: no such setting"],
  ],
  [
    "an unknown section",
    file("[limit]\nmax_limit = 5\n"),
    ["config.toml:1: limit: no such setting; did you mean limits?"],
  ],
  [
    "a key outside any section",
    file("network = 8080\n"),
    ["config.toml:1: network: found a value, expected a section [network]"],
  ],
  [
    "an integer out of range",
    file("[network]\nping_interval_s = 0\n"),
    ["config.toml:2: network.ping_interval_s: found 0, expected an integer from 1 to 3600 (seconds)"],
  ],
  [
    "an integer in quotes",
    file('[limits]\nmax_filters = "5"\n'),
    ['config.toml:2: limits.max_filters: found "5", expected an integer from 1 to 1000 (filters)'],
  ],
  [
    "a word that is not on the list",
    { environment: { GALLIMIMUS_LOG__LEVEL: "loud" } },
    [
      'environment GALLIMIMUS_LOG__LEVEL: log.level: found "loud", ' +
      'expected "debug" or "info" or "warn" or "error"',
    ],
  ],
  [
    "a variable with a typing error",
    { environment: { GALLIMIMUS_LOG__LEVLE: "info" } },
    ["environment GALLIMIMUS_LOG__LEVLE: log.levle: no such setting; did you mean log.level?"],
  ],
  [
    "a variable with one underscore",
    { environment: { GALLIMIMUS_LOG_LEVEL: "info" } },
    ["environment GALLIMIMUS_LOG_LEVEL: log_level: no such setting; did you mean log.level?"],
  ],
  [
    "an address without a port",
    { flags: [{ flag: "--listen", name: "network.listen", text: "localhost" }] },
    [
      '--listen: network.listen: found ["localhost"], ' +
      "expected a list of 1 to 64 items, each HOST:PORT, [IPV6]:PORT, unix:/path, or tls: and one of these",
    ],
  ],
  [
    "an unknown setting in a flag",
    { flags: [set("limits.max_fliters", "5")] },
    ["--set: limits.max_fliters: no such setting; did you mean limits.max_filters?"],
  ],
  [
    "a database of another kind, without repeating its password",
    { environment: { DATABASE_URL: "mysql://relay:secret@db/events" } },
    [
      "environment DATABASE_URL: database.url: found something else, " +
      "expected memory:, pglite:DIR, managed:DIR, postgres://…, or nothing",
    ],
  ],
  [
    "a text that is no TOML",
    file('[relay]\nname = "a\n'),
    ["config.toml:2:10: not TOML: control characters are not allowed in strings"],
  ],
  [
    "a key said twice",
    file('[relay]\nname = "a"\nname = "b"\n'),
    ["config.toml:3:1: not TOML: trying to redefine an already defined table or value"],
  ],
  [
    "two values that are fine alone",
    file("[network]\nping_interval_s = 90\n"),
    [
      "config.toml:2: network.ping_interval_s: found 90, " +
      "expected less than network.idle_timeout_s (60), or connections end before their first ping",
    ],
  ],
  [
    "two values of which the larger one was set",
    { flags: [set("limits.max_message_bytes", "2048")] },
    [
      "--set: limits.max_message_bytes: found 2048, " +
      "expected at least limits.max_event_bytes (262144), " +
      "or the largest events allowed never arrive",
    ],
  ],
];

for (const [what, sources, lines] of golden) {
  Deno.test(`${what} is explained`, () => deepEqual(problemsOf(sources), lines));
}

Deno.test("all that is wrong is reported at once, even what a stronger source overrides", () => {
  const problems = problemsOf({
    file: { path: "a.toml", text: "[log]\nlevel = 1\n[relay]\npubkey = 'x'\n" },
    environment: { GALLIMIMUS_LOG__LEVEL: "info", GALLIMIMUS_X: "1" },
    flags: [set("nonsense", "1"), set("relay.pubkey", "")],
  });
  deepEqual(problems.map((line) => line.split(": ").slice(0, 2).join(": ")), [
    "a.toml:2: log.level",
    "a.toml:4: relay.pubkey",
    "environment GALLIMIMUS_X: x",
    "--set: nonsense",
  ]);
});

Deno.test("names that every object has are no settings", () => {
  equal(problemsOf(file("[constructor]\nname = 1\n")).length, 1);
  equal(problemsOf(file("[relay]\ntoString = 1\n")).length, 1);
  equal(problemsOf({ flags: [set("__proto__.x", "1")] }).length, 1);
});

Deno.test("the items of a list are parted by commas in a text, and may have some when given as such", () => {
  const listOf = (text: string | readonly string[]) =>
    settingsOf({ flags: [{ flag: "--set", name: "access.banned_texts", text }] }).access
      .banned_texts;
  deepEqual(listOf("a, b"), ["a", "b"]);
  deepEqual(listOf(["a, b", "c"]), ["a, b", "c"]);
});

/** All lists, tables included, with whether they may be empty. */
const lists = [...settingByName].flatMap(([name, setting]) =>
  setting.type === "list"
    ? [{ name, mayBeEmpty: (setting.minItems ?? 0) === 0 }]
    : setting.type === "tables"
    ? [{ name, mayBeEmpty: true }]
    : []
);

Deno.test("every list can be emptied by the file, the environment and a flag", () => {
  for (const { name, mayBeEmpty } of lists) {
    const [section, key] = name.split(".");
    const variable = `GALLIMIMUS_${section}__${key}`.toUpperCase();
    const sources: readonly SettingSources[] = [
      file(`[${section}]\n${key} = []\n`),
      { environment: { [variable]: "" } },
      { flags: [set(name, "")] },
    ];
    for (const source of sources) {
      const loaded = loadSettings(source);
      equal("settings" in loaded, mayBeEmpty, `${name} ${JSON.stringify(source)}`);
      if ("settings" in loaded) deepEqual(settingValues(loaded.settings).get(name), [], name);
    }
  }
  ok(lists.length > 15);
});

Deno.test("a list that a weaker source fills is emptied by a stronger one", () => {
  const toml = file(
    "[access]\nbanned_kinds = ['5']\nprivate_kinds = ['4']\n[[mirrors.relay]]\nurl = 'wss://a.example'\n",
  );
  const environment = { GALLIMIMUS_ACCESS__BANNED_KINDS: "", GALLIMIMUS_MIRRORS__RELAY: " " };
  const { access, mirrors } = settingsOf({
    ...toml,
    environment,
    flags: [set("access.private_kinds", "")],
  });
  deepEqual([access.banned_kinds, access.private_kinds, mirrors.relay], [[], [], []]);
});

Deno.test("NIP19: npub1… is taken wherever a setting is a public key, with its checksum", () => {
  const npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
  const keys = [...settingByName].filter(([, setting]) =>
    expectedValue(setting).includes("public key")
  );
  deepEqual(keys.map(([name]) => name), [
    ...["relay.pubkey", "access.members", "access.admins", "access.banned_keys"],
    ...["access.trust_roots", "retention.kept_authors", "relay_lists.inbox_keys"],
  ]);
  for (const [name] of keys) {
    ok("settings" in loadSettings({ flags: [set(name, npub)] }), name);
    const wrong = npub.replace(/g$/, "h");
    ok("problems" in loadSettings({ flags: [set(name, wrong)] }), name);
  }
});
