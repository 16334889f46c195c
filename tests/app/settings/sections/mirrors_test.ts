import { deepEqual, equal } from "node:assert/strict";
import { plannedMirrors } from "../../../../src/app/mirrors/mirror_plans.ts";
import { loadSettings, problemLine } from "../../../../src/app/settings/load_settings.ts";

function load(text: string) {
  return loadSettings({ file: { path: "config.toml", text } });
}

function problemsOf(text: string): readonly string[] {
  const loaded = load(text);
  return "problems" in loaded ? loaded.problems.map(problemLine) : [];
}

Deno.test("each table is a relay, and what it leaves out has a default", () => {
  const loaded = load(`
[[mirrors.relay]]
url = "wss://one.example"

[[mirrors.relay]]
url = "ws://two.example:7777/path"
direction = "both"
filter = '{"kinds":[0,3]}'
private = true
catch_up_s = 86400

[mirrors]
max_pending_events = 5
`);
  const { settings: { mirrors } } = loaded as Extract<typeof loaded, { settings: object }>;
  deepEqual(mirrors.relay, [
    {
      ...{ url: "wss://one.example", direction: "down", filter: "{}" },
      ...{ auth_key_file: "", private: false, catch_up_s: 0 },
    },
    {
      ...{ url: "ws://two.example:7777/path", direction: "both", filter: '{"kinds":[0,3]}' },
      ...{ auth_key_file: "", private: true, catch_up_s: 86_400 },
    },
  ]);
  equal(mirrors.max_pending_events, 5);
});

Deno.test("what is wrong is told with its line, the number of its table and its key", () => {
  deepEqual(
    problemsOf(`
[[mirrors.relay]]
url = "https://one.example"
direction = "sideways"

[[mirrors.relay]]
filters = "{}"
filter = '{"limit":5}'
`),
    [
      'config.toml:3: mirrors.relay[1].url: found "https://one.example", expected a URL that begins with wss:// or ws://',
      'config.toml:4: mirrors.relay[1].direction: found "sideways", expected "down" or "up" or "both"',
      "config.toml:6: mirrors.relay[2].url: missing, expected a URL that begins with wss:// or ws://",
      "config.toml:7: mirrors.relay[2].filters: no such setting; did you mean filter?",
      'config.toml:8: mirrors.relay[2].filter: found "{\\"limit\\":5}", expected a NIP-01 filter as JSON, without limit and search',
    ],
  );
  deepEqual(problemsOf("[mirrors]\nrelay = 5\n"), [
    "config.toml:2: mirrors.relay: found 5, expected 0 to 100 tables",
  ]);
  deepEqual(problemsOf('[mirrors]\nmax_waiting_events = 5\nrelay = ["wss://a.example"]\n'), [
    'config.toml:3: mirrors.relay[1]: found "wss://a.example", expected a table',
  ]);
});

Deno.test("in the environment and in flags they are JSON", () => {
  const text = '[{"url":"wss://one.example","direction":"up"}]';
  const loaded = loadSettings({ environment: { GALLIMIMUS_MIRRORS__RELAY: text } });
  equal("settings" in loaded && loaded.settings.mirrors.relay[0]!.direction, "up");
  const broken = loadSettings({
    flags: [{ flag: "--set", name: "mirrors.relay", text: '[{"url":5}]' }],
  });
  deepEqual("problems" in broken && broken.problems.map(problemLine), [
    "--set: mirrors.relay[1].url: found 5, expected a URL that begins with wss:// or ws://",
  ]);
});

Deno.test("NIP19: keys in the filter of a mirror may be npub1…, and are sent as hex", async () => {
  const loaded = load(`
[[mirrors.relay]]
url = "wss://one.example"
filter = '{"authors":["npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"]}'
`);
  const { settings } = loaded as Extract<typeof loaded, { settings: object }>;
  const [planned] = await plannedMirrors(settings);
  const key = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
  deepEqual(planned!.plan.filterJson, { authors: [key] });
  deepEqual(planned!.plan.filter.authors, new Set([key]));
});
