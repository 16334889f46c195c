/**
 * Configurations of other relays, translated.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { exitCode } from "../../../src/app/command_line/exit_code.ts";
import { importConfig } from "../../../src/app/commands/config_import.ts";
import { loadSettings } from "../../../src/app/settings/load_settings.ts";
import { settingValues } from "../../../src/app/settings/setting_list.ts";
import { FakeCommand } from "../../kit/fake_command.ts";

type Relay = "strfry" | "strfry-router" | "nostr-rs-relay";

/** What the command prints of a file, line by line, and the settings that the relay reads from it. */
async function translated(relay: Relay, file: string | ReadableStream<Uint8Array>) {
  const fake = new FakeCommand();
  fake.files.set("old", typeof file === "string" ? new Response(file).body! : file);
  const code = await importConfig(fake.context, relay, "old");
  const said = fake.stderr.text.split("\n").filter((line) => line !== "");
  const toml = fake.stdout.text;
  const values: Record<string, unknown> = {};
  if (code !== exitCode.done) return { code, said, toml, values };
  const loaded = loadSettings({ file: { path: "new.toml", text: toml } });
  ok("settings" in loaded, JSON.stringify(loaded));
  for (const name of loaded.origins.keys()) values[name] = settingValues(loaded.settings).get(name);
  return { code, said: said.slice(0, -1), summary: said.at(-1), toml, values };
}

/** The names of remarks. */
function names(said: readonly string[]): readonly string[] {
  return said.map((line) => /^old:\d+: (\S+): /.exec(line)?.[1] ?? line);
}

const wholeStrfry = `
db = "./strfry-db/"
dbParams { maxreaders = 256 mapsize = 10995116277760 noReadAhead = false }
events {
  maxEventSize = 70000
  rejectEventsNewerThanSeconds = 901
  rejectEventsOlderThanSeconds = 94608000
  rejectEphemeralEventsOlderThanSeconds = 60
  ephemeralEventsLifetimeSeconds = 300
  maxNumTags = 2001
  maxTagValSize = 1024
}
relay {
  bind = "::1" port = 7778 nofiles = 524288
  realIpHeader = "x-real-ip"
  auth {
    enabled = true
    serviceUrl = "wss://relay.example"
    restrictedReadKinds = "4, 1059"
    restrictReadToInvolvedPubkey = true
  }
  info {
    name = "the \\"old\\" one" description = "it is"
    pubkey = "${"AB".repeat(32)}" self = "" contact = "me@example.com"
    icon = "" banner = "https://example.com/b.png" privacy = "" terms = "" nips = ""
  }
  maxWebsocketPayloadSize = 131072
  maxReqFilterSize = 20
  autoPingSeconds = 70
  enableTcpKeepalive = false
  queryTimesliceBudgetMicroseconds = 10000
  maxFilterLimit = 300
  maxTagsPerFilter = 3
  maxFilterLimitCount = 0
  maxSubsPerConnection = 21
  maxPendingOutboundBytes = 33554432
  writePolicy { plugin = "/usr/local/bin/policy --fast" timeoutSeconds = 7 }
  compression { enabled = false slidingWindow = true }
  logging {
    dumpInAll = true dumpInEvents = false dumpInReqs = false dbScanPerf = false invalidEvents = true
  }
  numThreads { ingester = 3 reqWorker = 3 reqMonitor = 3 negentropy = 2 }
  negentropy { enabled = true maxSyncEvents = 1000000 }
  filterValidation {
    enabled = true maxFiltersPerReq = 5 minFiltersPerReq = 1 maxKindsPerFilter = 3
    allowedKinds = "" requireAuthorOrTag = false
  }
}`;

Deno.test("strfry.conf: what has a counterpart is translated, of all else is said why not", async () => {
  const { values, said, code, summary } = await translated("strfry", wholeStrfry);
  equal(code, exitCode.done);
  deepEqual(values, {
    "relay.name": 'the "old" one',
    "relay.description": "it is",
    "relay.banner": "https://example.com/b.png",
    "relay.pubkey": "ab".repeat(32),
    "relay.contact": "mailto:me@example.com",
    "relay.url": "wss://relay.example",
    "network.listen": ["[::1]:7778"],
    "network.compression": false,
    "network.ping_interval_s": 70,
    "network.idle_timeout_s": 140,
    "limits.max_message_bytes": 131072,
    "limits.max_event_bytes": 70000,
    "limits.max_event_tags": 2001,
    "limits.created_at_upper_limit_s": 901,
    "limits.created_at_lower_limit_s": 94608000,
    "limits.max_subscriptions": 21,
    "limits.max_filters": 5,
    "limits.max_limit": 300,
    "limits.default_limit": 300,
    "limits.max_count_rows": 0,
    "limits.max_sync_events": 1000000,
    "limits.max_queued_bytes": 33554432,
    "access.private_kinds": ["4", "1059"],
    "plugins.commands": ["/usr/local/bin/policy --fast"],
    "plugins.timeout_ms": 7000,
  });
  deepEqual(names(said), [
    "db",
    ...["maxreaders", "mapsize", "noReadAhead"].map((name) => `dbParams.${name}`),
    "events.rejectEphemeralEventsOlderThanSeconds",
    "events.ephemeralEventsLifetimeSeconds",
    "events.maxTagValSize",
    "relay.nofiles",
    "relay.realIpHeader",
    "relay.queryTimesliceBudgetMicroseconds",
    "relay.maxTagsPerFilter",
    "relay.compression.slidingWindow",
    "relay.logging.dumpInAll",
    ...["ingester", "reqWorker", "reqMonitor", "negentropy"].map((name) =>
      `relay.numThreads.${name}`
    ),
    ...["minFiltersPerReq", "maxKindsPerFilter", "allowedKinds", "requireAuthorOrTag"].map((name) =>
      `relay.filterValidation.${name}`
    ),
  ]);
  equal(said.some((line) => line.includes("no setting of this name is known")), false);
  match(summary!, /^gallimimus: \d+ settings translated, 21 remarks$/);
  match(said[0]!, /^old:2: db: events are not read from there/);
});

Deno.test("what is not allowed here, or contradicts another value, is left out and told", async () => {
  const { values, said } = await translated(
    "strfry",
    `relay { maxFilterLimit = 1000000 maxWebsocketPayloadSize = 2000
      autoPingSeconds = "often" maxNumTags = 5 info.pubkey = "nobody" }`,
  );
  deepEqual(values, {});
  deepEqual(names(said).toSorted(), [
    "relay.autoPingSeconds",
    "relay.info.pubkey",
    "relay.maxFilterLimit",
    "relay.maxFilterLimit",
    "relay.maxNumTags",
    "relay.maxWebsocketPayloadSize",
  ]);
  match(
    said.join("\n"),
    /max_message_bytes: found 2000, expected at least limits\.max_event_bytes/,
  );
});

Deno.test("negentropy that is off is off here, wherever it says so", async () => {
  for (const order of ["enabled = false maxSyncEvents = 5", "maxSyncEvents = 5 enabled = false"]) {
    const { values } = await translated("strfry", `relay.negentropy = { ${order} }`);
    deepEqual(values, { "limits.max_sync_events": 0 });
  }
});

Deno.test("strfry router: each URL of each stream is a mirror", async () => {
  const { toml, values, said } = await translated(
    "strfry-router",
    `connectionTimeout = 20
streams {
  friends {
    dir = "down"
    pluginDown = "/home/user/spam-filter.js"
    urls = [
      "wss://a.example"
      "wss://b.example"
    ]
  }
  directory { dir = "up" filter = { "kinds": [0, 3] } pluginUp = "" urls = ["ws://c.example"] }
  wrong { dir = "none" urls = ["wss://d.example", 5] }
  limited { dir = "both" filter = { "limit": 5 } urls = ["wss://e.example"] }
  none { dir = "both" } other { urls = [] } five = 5
}`,
  );
  const mirrors = values["mirrors.relay"] as readonly Record<string, unknown>[];
  deepEqual(mirrors.map(({ url, direction, filter }) => [url, direction, filter]), [
    ["wss://a.example", "down", "{}"],
    ["wss://b.example", "down", "{}"],
    ["ws://c.example", "up", '{"kinds":[0,3]}'],
  ]);
  equal(toml.match(/^\[\[mirrors\.relay\]\]$/gm)?.length, 3);
  deepEqual(names(said), [
    "connectionTimeout",
    "streams",
    "streams.friends.pluginDown",
    "streams.wrong.urls",
    "streams.wrong.urls",
    "streams.limited.urls",
    "streams.none",
    "streams.other",
    "streams.five",
  ]);
});

Deno.test("of more streams than there may be mirrors the others are told", async () => {
  const urls = Array.from({ length: 103 }, (_, at) => `"wss://r${at}.example"`).join(" ");
  const { values, said } = await translated(
    "strfry-router",
    `streams { a { dir = "down" urls = [ ${urls} ] } }`,
  );
  equal((values["mirrors.relay"] as unknown[]).length, 100);
  equal(said.filter((line) => line.includes("100 tables at most")).length, 3);
});

const wholeRust = `
[info]
relay_url = "wss://relay.example/"
name = "old"
description = "it is\\n\\nso"
pubkey = "${"ab".repeat(32)}"
contact = "mailto:contact@example.com"
favicon = "favicon.ico"
relay_icon = "https://example.com/i.png"
relay_page = "index.html"
[diagnostics]
tracing = false
[database]
engine = "postgres"
data_directory = "."
in_memory = false
min_conn = 0
max_conn = 8
connection = "postgresql://postgres:SECRET@localhost/nostr"
connection_write = "postgresql://postgres:SECRET@localhost/nostr"
[logging]
folder_path = "./log"
file_prefix = "relay"
[grpc]
event_admission_server = "http://[::1]:50051"
restricts_write = true
[network]
address = "0.0.0.0"
port = 8090
remote_ip_header = "x-forwarded-for"
ping_interval = 300
[options]
reject_future_seconds = 1800
[limits]
messages_per_sec = 5
subscriptions_per_min = 10
db_conns_per_client = 0
max_blocking_threads = 16
max_event_bytes = 131072
max_ws_message_bytes = 140000
max_ws_frame_bytes = 140000
broadcast_buffer = 16384
event_persist_buffer = 4096
event_kind_blacklist = [ 70202, 5 ]
event_kind_allowlist = [ 0, 1, 30023 ]
limit_scrapers = true
[authorization]
pubkey_whitelist = [ "${"CD".repeat(32)}" ]
nip42_auth = false
nip42_dms = true
[verified_users]
mode = "enabled"
domain_blacklist = [ "spam.example" ]
domain_whitelist = [ "example.com" ]
verify_expiration = "1 week"
verify_update_frequency = "24 hours"
max_consecutive_failures = 20
[retention]
persist_days = 5
[pay_to_relay]
enabled = true
api_secret = "SECRET"
[own]
thing = 1
`;

Deno.test("nostr-rs-relay: what has a counterpart is translated, of all else is said why not", async () => {
  const { values, said, toml } = await translated("nostr-rs-relay", wholeRust);
  deepEqual(values, {
    "relay.name": "old",
    "relay.description": "it is\n\nso",
    "relay.icon": "https://example.com/i.png",
    "relay.pubkey": "ab".repeat(32),
    "relay.contact": "mailto:contact@example.com",
    "relay.url": "wss://relay.example/",
    "network.listen": ["0.0.0.0:8090"],
    "network.ping_interval_s": 300,
    "network.idle_timeout_s": 600,
    "limits.max_message_bytes": 140000,
    "limits.max_frame_bytes": 140000,
    "limits.max_event_bytes": 131072,
    "limits.created_at_upper_limit_s": 1800,
    "access.writers": "members",
    "access.members": ["cd".repeat(32)],
    "access.member_domains": ["example.com"],
    "access.allowed_kinds": ["0", "1", "30023"],
    "access.banned_kinds": ["5"],
  });
  deepEqual(
    names(said),
    [
      ...["info.favicon", "info.relay_page"],
      ...["engine", "data_directory", "min_conn", "max_conn", "connection", "connection_write"]
        .map((name) => `database.${name}`),
      ...["logging.folder_path", "logging.file_prefix"],
      ...["grpc.event_admission_server", "grpc.restricts_write"],
      "network.remote_ip_header",
      ...["messages_per_sec", "subscriptions_per_min", "max_blocking_threads"],
      ...["broadcast_buffer", "event_persist_buffer", "event_kind_blacklist", "limit_scrapers"],
      "authorization.nip42_auth",
      ...["domain_blacklist", "verify_expiration", "verify_update_frequency"],
      "max_consecutive_failures",
      "retention.persist_days",
      ...["pay_to_relay.enabled", "pay_to_relay.api_secret"],
      "own.thing",
    ].map((name) =>
      name.includes(".")
        ? name
        : /domain|verif|failures/.test(name)
        ? `verified_users.${name}`
        : `limits.${name}`
    ),
  );
  match(said.at(-1)!, /^old:64: own\.thing: no setting of this name is known$/);
  equal(`${toml}${said.join()}`.includes("SECRET"), false);
});

Deno.test("a list of allowed writers that is empty keeps everybody out, as it did", async () => {
  const { values } = await translated("nostr-rs-relay", "[authorization]\npubkey_whitelist = []");
  deepEqual(values, { "access.writers": "members", "access.members": [] });
});

Deno.test("a list of allowed kinds of which none is left is told to take all", async () => {
  const { values, said } = await translated(
    "nostr-rs-relay",
    "[limits]\nevent_kind_allowlist = []",
  );
  deepEqual(values, {});
  match(said.join(), /an empty list takes all: access\.writers = "nobody" takes none/);
});

/** A file that goes on and on, and how much of it was read. */
function endless(): {
  readonly readable: ReadableStream<Uint8Array>;
  readonly bytes: () => number;
} {
  let bytes = 0;
  const part = new TextEncoder().encode("a = 1\n".repeat(10_000));
  const readable = new ReadableStream<Uint8Array>({
    pull(controller) {
      bytes += part.length;
      controller.enqueue(part);
    },
  });
  return { readable, bytes: () => bytes };
}

for (const relay of ["strfry", "strfry-router", "nostr-rs-relay"] as const) {
  Deno.test(`hostile files for ${relay} are refused in a sentence`, async () => {
    const texts = [
      ...["a = {".repeat(50_000), "[".repeat(100_000), `a = ${"[".repeat(100_000)}`],
      ...['a = "b', "a = '", "/*", "\u0000", "[[[", "a = 1\n".repeat(2) + "]", "{".repeat(9)],
    ];
    for (const text of texts) {
      const { code, said, toml } = await translated(relay, text);
      deepEqual([code, said.length, toml], [exitCode.failed, 1, ""], text.slice(0, 20));
      match(said[0]!, /^gallimimus: old: line \d+: .{5,200}$/);
    }
    const { readable, bytes } = endless();
    const { code, said } = await translated(relay, readable);
    deepEqual([code, said], [
      exitCode.failed,
      ["gallimimus: old: larger than 1048576 bytes, which no configuration file is"],
    ]);
    ok(bytes() < 2_000_000);
    const binary = new Response(new Uint8Array([0xff, 0xfe, 0])).body!;
    deepEqual((await translated(relay, binary)).said, ["gallimimus: old: is no text in UTF-8"]);
  });

  Deno.test(`names of ${relay} may be as long as the file, and as many`, async () => {
    const long = "a.".repeat(400_000);
    const text = relay === "nostr-rs-relay"
      ? `[${long}a]\n${"b.".repeat(50_000)}b = 1\n`
      : `${long}a = 1`;
    ok((await translated(relay, text)).said.length <= 1);
    const many = Array.from({ length: 50_000 }, (_, at) => `a${at} = 1`).join("\n");
    equal((await translated(relay, many)).said.length, 50_000);
  });

  Deno.test(`names that mean something to JavaScript mean nothing to ${relay}`, async () => {
    const text = relay === "nostr-rs-relay"
      ? "[constructor]\nname = 1\n[info.toString]\nx = 1"
      : "constructor { name = 1 } hasOwnProperty = 1 streams.toString.urls = 5";
    const { code, said } = await translated(relay, text);
    equal(code, exitCode.done);
    ok(said.length >= 2, said.join());
  });
}

Deno.test("a file that is missing is a sentence", async () => {
  const fake = new FakeCommand();
  equal(await importConfig(fake.context, "strfry", "none"), exitCode.failed);
  equal(fake.stderr.text, "gallimimus: none: no such file\n");
});
